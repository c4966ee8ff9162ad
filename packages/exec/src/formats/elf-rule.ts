// One check of an ELF file header or program header table, as a row that a loader profile lists.
import type { FileHeader, ProgramHeader } from '@elf/parse';
import type { ElfAbi } from './elf-abi.ts';

/** The image under examination. The fields are as in the file; nothing has been believed yet. */
export interface ElfCandidate {
  readonly header: FileHeader;
  /** The flavour of ELF this loader is for: machines, sizes. */
  readonly abi: ElfAbi;
  readonly fileBytes: number;
  readonly canBeMapped: boolean;
  /** Program headers; only rules of the stage "program headers" see them. */
  readonly programHeaders: readonly ProgramHeader[];
}

/** A check. Rows are asked in the order of the profile; the first one that answers refuses the image. */
export interface ElfRule {
  /** Stable name, shown in reports. */
  readonly rule: string;
  /** "identity" rows decide whether it is this loader's file at all, the others whether it is a good one. */
  readonly stage: 'identity' | 'table' | 'program headers';
  /** The Linux function that holds the check. */
  readonly kernelFunction: string;
  /** Why the image is refused, or undefined. */
  readonly check: (candidate: ElfCandidate) => string | undefined;
}
