// One check of an ELF file as a row: what a loader demands, where it looks, and the sentence for a file that breaks it.
import type { FileHeader, ProgramHeader } from '@elf/parse';
import type { LoaderLayout } from '../loader-profile.ts';
import type { ElfAbi } from './elf-abi.ts';

/** Program or program interpreter: some checks are made of one of them only. */
export type ImageRole = 'program' | 'interpreter';

/** The image under examination. The fields are as in the file; nothing has been believed yet. */
export interface ElfCandidate {
  readonly role: ImageRole;
  readonly header: FileHeader;
  /** The flavour of ELF this loader is for: machines, sizes. */
  readonly abi: ElfAbi;
  readonly fileBytes: number;
  readonly canBeMapped: boolean;
  /** Program headers; empty for the stages "identity" and "table". */
  readonly programHeaders: readonly ProgramHeader[];
  readonly layout: LoaderLayout;
  /** What is added to the file's addresses; 0 until the program has its place. */
  readonly bias: bigint;
  /** Up to `length` bytes of the file from `offset`; short at its end, empty past it. Rules ask for 64 KiB at most. */
  read(offset: bigint, length: number): Uint8Array;
}

/** One PT_LOAD that is about to be mapped. */
export interface SegmentCandidate {
  readonly role: ImageRole;
  readonly segment: ProgramHeader;
  /** PT_LOADs that come before it in the table. */
  readonly earlier: readonly ProgramHeader[];
  /** Where p_vaddr goes, possibly beyond 2^64 when the file is hostile. */
  readonly address: bigint;
  /** The loader has not chosen a place yet and will take a free one; `address` is relative to it. */
  readonly isMovable: boolean;
  readonly layout: LoaderLayout;
  /** Page size of the kernel that maps; 1 when a page policy does the mapping, which copies what does not fit. */
  readonly hostPageBytes: number;
  readonly fileBytes: number;
  /** The caller may map below the layout's minimum address. */
  readonly mayMapLowPages: boolean;
}

/** What every row says, whatever it looks at. */
interface RuleRow {
  /** Stable name, shown in reports. */
  readonly rule: string;
  /** The error number execve ends with. */
  readonly errno: number;
  /** The error number when the interpreter is at fault, where it differs. */
  readonly interpreterErrno?: number;
  /** Relative to the point of no return: "before" reaches the caller, "after" kills the process. */
  readonly when: 'before' | 'after';
  /** The kernel function that holds the check. */
  readonly kernelFunction: string;
  /** What the loader demands, as half a sentence: "e_phentsize is 56". */
  readonly demand: string;
  /** Where that is established: a source file, a thread, an observation. */
  readonly source: string;
  /** Only asked of this kind of image. */
  readonly role?: ImageRole;
}

/**
 * A check of headers. Rows are asked stage by stage, within a stage in the order of the profile; the first one that answers
 * refuses the image.
 */
export interface ElfRule extends RuleRow {
  /**
   * "identity": is it this loader's file at all; "table": can the program header table be read; "program headers": what they
   * say; "interpreter name": PT_INTERP; "final": just before the point of no return, the interpreter being good; "image": all PT_LOADs together; "entry": the first instruction.
   */
  readonly stage: 'identity' | 'table' | 'program headers' | 'interpreter name' | 'final' | 'image' | 'entry';
  /** When it is broken, the fields that later rules look at mean nothing. */
  readonly isDecisive?: boolean;
  /** Why the image is refused, or undefined. */
  readonly check: (candidate: ElfCandidate) => string | undefined;
}

/** A check of one PT_LOAD, asked in table order just before that segment is mapped. */
export interface SegmentRule extends RuleRow {
  readonly stage: 'segment';
  /** Why the image is refused, or undefined. */
  readonly check: (candidate: SegmentCandidate) => string | undefined;
}

/** A rule that refuses an image, with its sentence. */
export interface BrokenRule<Rule extends RuleRow = ElfRule> {
  readonly rule: Rule;
  readonly sentence: string;
}

/** Every rule of the given stages that the image breaks, in order. execve takes the first. */
export function* brokenRules(
  rules: readonly ElfRule[],
  stages: readonly ElfRule['stage'][],
  candidate: ElfCandidate,
): Generator<BrokenRule> {
  for (const stage of stages) {
    for (const rule of rules) {
      if (rule.stage !== stage || (rule.role ?? candidate.role) !== candidate.role) continue;
      const sentence = rule.check(candidate);
      if (sentence !== undefined) yield { rule, sentence };
    }
  }
}

/** A broken rule as execve reports it. */
export interface RuleFailure {
  readonly errno: number;
  readonly rule: string;
  readonly sentence: string;
}

/** The first rule of the given stages that the image breaks: what execve ends with. */
export function firstFailure(
  rules: readonly ElfRule[],
  stages: readonly ElfRule['stage'][],
  candidate: ElfCandidate,
): RuleFailure | undefined {
  const broken = brokenRules(rules, stages, candidate).next().value;
  return broken && failureOf(broken, candidate.role);
}

/** Error number and name of a broken rule: the interpreter's own where the fault is the interpreter's. */
export function failureOf({ rule: row, sentence }: BrokenRule<RuleRow>, role: ImageRole): RuleFailure {
  if (role === 'program') return { errno: row.errno, rule: row.rule, sentence };
  const rule = row.rule.startsWith('interp-') ? row.rule : `interp-${row.rule}`;
  return { errno: row.interpreterErrno ?? row.errno, rule, sentence };
}

/** Every rule the segment breaks, in order. */
export function* brokenSegmentRules(
  rules: readonly SegmentRule[],
  candidate: SegmentCandidate,
): Generator<BrokenRule<SegmentRule>> {
  for (const rule of rules) {
    if ((rule.role ?? candidate.role) !== candidate.role) continue;
    const sentence = rule.check(candidate);
    if (sentence !== undefined) yield { rule, sentence };
  }
}
