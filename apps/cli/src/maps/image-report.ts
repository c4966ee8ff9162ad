// What a page policy does to one image, program or interpreter: its plan, the damage with bytes and names, other permissions.
import type { ExecFile } from '@elf/exec';
import {
  type DamagedNames,
  damage,
  damagedNames,
  type ImagePlan,
  imageFacts,
  type MeasuredRange,
  measureDamage,
  type PagePolicy,
  type ProtectionChange,
  protectionChanges,
} from '@elf/pagesize';
import { type ElfFile, ParseError, type ProgramHeader, PT, parseElf } from '@elf/parse';

/** A damaged range with everything there is to say about it. */
export interface ReportedDamage extends MeasuredRange {
  readonly names: DamagedNames;
}

/** One image under a policy. Addresses are as linked: in memory they are `bias` higher. */
export interface ImageReport {
  readonly role: 'program' | 'interpreter';
  readonly path: string;
  readonly bias: bigint;
  readonly loads: readonly ProgramHeader[];
  readonly plan: ImagePlan;
  readonly damage: readonly ReportedDamage[];
  readonly protectionChanges: readonly ProtectionChange[];
  /** Bytes in damaged ranges. */
  readonly damagedBytes: bigint;
  /** Those of them whose value differs. */
  readonly differingBytes: number;
  /** False when there was too much to compare: fewer bytes were counted than there are. */
  readonly isComplete: boolean;
}

/** An ELF file as its loader reads it; undefined for anything else. */
export function openElf(file: ExecFile): ElfFile | undefined {
  try {
    return parseElf(file.source, { permissive: true });
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Applies a policy to an image and reads the file where it does damage. */
export function reportImage(
  image: { readonly role: ImageReport['role']; readonly path: string; readonly bias: bigint; readonly elf: ElfFile },
  policy: PagePolicy,
  hostPageBytes: number,
): ImageReport {
  const { role, path, bias, elf } = image;
  const loads = elf.programHeaders.filter(({ type }) => type === PT.LOAD);
  const plan = policy.plan(loads, hostPageBytes, imageFacts(elf.programHeaders));
  const { ranges, differingBytes, isComplete } = measureDamage(damage(plan, loads), elf.source);
  const names = damagedNames(ranges, elf);
  return {
    role,
    path,
    bias,
    loads,
    plan,
    damage: ranges.map((range, index) => ({ ...range, names: names[index] })),
    protectionChanges: protectionChanges(plan, loads),
    damagedBytes: ranges.reduce((sum, { start, end }) => sum + end - start, 0n),
    differingBytes,
    isComplete,
  };
}
