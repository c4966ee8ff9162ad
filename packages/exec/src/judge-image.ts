// The verdict of a loader on a file from its headers alone: every rule it breaks, in order, without mapping anything.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { type ByteSource, hasElfMagic } from '@elf/parse';
import { ExecErrno } from './exec-errno.ts';
import type { ElfAbi } from './formats/elf-abi.ts';
import { elfCandidate, withProgramHeaders } from './formats/elf-image.ts';
import {
  type BrokenRule,
  brokenRules,
  brokenSegmentRules,
  type ElfCandidate,
  type ElfRule,
  failureOf,
  type SegmentRule,
} from './formats/elf-rule.ts';
import { interpreterHeader, loadSpan, loadsOf, tableBytes } from './formats/rule-facts.ts';
import { parseScriptLine } from './formats/script.ts';
import type { LoaderProfile } from './loader-profile.ts';
import { alignImage, maximumAlignment } from './map-image.ts';

/** A rule the file breaks. */
export interface ImageFinding {
  /** Stable name of the rule. */
  readonly rule: string;
  /** The error number execve would end with if this were the only broken rule; `errnoName` names it. */
  readonly errno: number;
  /** What the file has and what the loader demands, with the numbers. */
  readonly sentence: string;
  /** "before" the point of no return the caller gets the error, "after" it the process is killed. */
  readonly when: 'before' | 'after';
  /** The kernel function that holds the check. */
  readonly kernelFunction: string;
}

/** What a loader makes of a file. */
export interface ImageJudgement {
  /** Name of the profile. */
  readonly profile: string;
  /** No rule is broken. What depends on more than the file (its interpreter, memory, limits) is not judged. */
  readonly accepted: boolean;
  /** All broken rules, each with its first offender, in the order in which the loader looks; execve stops at the first. */
  readonly findings: readonly ImageFinding[];
}

/** Circumstances of the judgement. */
export interface JudgeOptions {
  /** False when the file system cannot map files. Default true. */
  readonly canBeMapped?: boolean;
  /** The caller may map below the profile's minimum address. Default false. */
  readonly mayMapLowPages?: boolean;
  /** Page size of the kernel that maps, in bytes; the profile's own by default. */
  readonly hostPageBytes?: number;
  /** Headers of this file that earlier judgements decoded; used and filled, so that a check of many profiles decodes them once. */
  readonly decoded?: Map<ElfAbi, DecodedHeaders>;
}

/** What judgements of one file by loaders with the same ABI share. */
export type DecodedHeaders = Pick<ElfCandidate, 'header' | 'programHeaders'>;

const ET_DYN = 3;
/** e_machine in either class of file header. */
const MACHINE_FIELD = 18;
/** No loader reads a larger program header table. */
const READABLE_TABLE_BYTES = 65536;

/**
 * Asks every rule of a profile about a file: the header, the program header table, what its entries say, where PT_LOADs
 * would go. Reads headers only, less than 1 MiB whatever they claim, maps nothing and never throws.
 *
 * @param source the file; an error of the source counts as a file that cannot be read (EIO).
 * @example
 * const { accepted, findings } = judgeImage(freebsdProfile, source);
 * if (!accepted) console.log(findings[0].sentence); // e_phoff is 46337892 (0x2c30f64); the program headers must ...
 */
export function judgeImage(profile: LoaderProfile, source: ByteSource, options: JudgeOptions = {}): ImageJudgement {
  let findings: ImageFinding[];
  try {
    findings = judge(profile, source, options);
  } catch (error) {
    findings = [unreadable(error)];
  }
  return { profile: profile.name, accepted: findings.length === 0, findings };
}

function judge(profile: LoaderProfile, source: ByteSource, options: JudgeOptions): ImageFinding[] {
  const buffer = new Uint8Array(profile.headerBytes);
  buffer.set(source.read(0, buffer.length).subarray(0, buffer.length));
  if (buffer[0] === 0x23 && buffer[1] === 0x21 && profile.formats.some(({ name }) => name === 'script')) {
    return judgeScript(profile, buffer, source.size);
  }
  const other = hasElfMagic(buffer) ? undefined : judgeOtherFormats(profile, buffer, source.size);
  if (other !== undefined) return other;
  const backing = options.canBeMapped === false ? undefined : mappable(source);
  const abi = abiFor(profile, buffer);
  const known = options.decoded?.get(abi);
  const start = elfCandidate({ source, backing }, buffer, profile, abi, 'program', known?.header);
  const findings: ImageFinding[] = [];
  const ask = (stages: readonly ElfRule['stage'][], candidate: ElfCandidate): boolean => {
    for (const broken of brokenRules(profile.elfRules, stages, candidate)) {
      findings.push(findingOf(broken));
      if (broken.rule.isDecisive) return false;
    }
    return true;
  };
  if (!ask(['identity'], start)) return findings;
  if (!ask(['table'], start)) return findings;
  if (findings.length > 0 && !canReadTable(start)) return findings;
  const candidate = known === undefined ? withProgramHeaders(start, buffer) : { ...start, ...known };
  options.decoded?.set(abi, { header: candidate.header, programHeaders: candidate.programHeaders });
  ask(['program headers', 'interpreter name', 'final'], candidate);
  if (!ask(['image'], candidate)) return findings;
  const hasInterpreter = interpreterHeader(candidate, profile.interpreterHeader) !== undefined;
  const place = likelyPlace(profile, candidate, hasInterpreter);
  const { bias } = place;
  findings.push(...brokenSegments(profile, candidate, place, options).map(findingOf));
  if (!hasInterpreter) ask(['entry'], { ...candidate, bias });
  return findings;
}

/** The flavour whose machine the file names, else the profile's first, whose machine rule will then say what is wrong. */
function abiFor({ elfAbis }: LoaderProfile, buffer: Uint8Array): ElfAbi {
  const machine = buffer[MACHINE_FIELD] | (buffer[MACHINE_FIELD + 1] << 8);
  return elfAbis.find(({ machines }) => machines.includes(machine)) ?? elfAbis[0];
}

/** The table of a file that is refused already is still worth a look when it has a sane size and can be read whole. */
function canReadTable(candidate: ElfCandidate): boolean {
  const { header, abi, fileBytes } = candidate;
  const bytes = tableBytes(candidate);
  const isWhole = header.phoff + BigInt(bytes) <= BigInt(fileBytes);
  return header.phentsize === abi.programHeaderBytes && bytes > 0 && bytes <= READABLE_TABLE_BYTES && isWhole;
}

/** Where the program goes. */
interface LikelyPlace {
  readonly bias: bigint;
  /** The kernel takes a free place for the first segment, which is checked by its linked address before that. */
  readonly isChosen: boolean;
}

/** Where an ET_DYN goes without address randomisation, in an address space that holds nothing but a stack. */
function likelyPlace(profile: LoaderProfile, candidate: ElfCandidate, hasInterpreter: boolean): LikelyPlace {
  const loads = loadsOf(candidate);
  const { header, layout } = candidate;
  if (header.type !== ET_DYN || loads.length === 0) return { bias: 0n, isChosen: false };
  const { placement = 'linux', alignedPrograms = 'all' } = profile.traits ?? {};
  const first = loads[0].vaddr;
  if (placement === 'linked' && first !== 0n) return { bias: 0n, isChosen: false };
  const alignment = Math.max(maximumAlignment(loads), GUEST_PAGE_BYTES);
  const highest = layout.stackTop - layout.minimumMmapGap - Number(loadSpan(candidate));
  const isLow = hasInterpreter || placement !== 'linux';
  const isChosen = !isLow && (alignment <= GUEST_PAGE_BYTES || alignedPrograms !== 'all');
  const unaligned = isLow ? layout.dynamicBase : Math.max(0, highest);
  const isAligned = placement !== 'probed' && !isChosen && alignedPrograms !== 'none';
  const base = BigInt(alignImage(unaligned, isAligned ? alignment : GUEST_PAGE_BYTES));
  if (placement === 'probed') return { bias: base, isChosen };
  const page = first - (first % BigInt(GUEST_PAGE_BYTES));
  // Only file pages are put where there is room: a first segment without any goes to address 0.
  return { bias: (isChosen && loads[0].filesz === 0n ? 0n : base) - page, isChosen };
}

/** Broken rules of all PT_LOADs, segment by segment, each rule once. */
function brokenSegments(
  profile: LoaderProfile,
  candidate: ElfCandidate,
  { bias, isChosen }: LikelyPlace,
  options: JudgeOptions,
): BrokenRule<SegmentRule>[] {
  const loads = loadsOf(candidate);
  const { layout, fileBytes } = candidate;
  const found: BrokenRule<SegmentRule>[] = [];
  for (const [index, segment] of loads.entries()) {
    const isMovable = isChosen && index === 0;
    const pending = profile.segmentRules.filter((rule) => found.every((broken) => broken.rule !== rule));
    const broken = brokenSegmentRules(pending, {
      role: 'program',
      segment,
      earlier: loads.slice(0, index),
      address: segment.vaddr + (isMovable ? 0n : bias),
      isMovable,
      layout,
      hostPageBytes: options.hostPageBytes ?? profile.hostPageBytes,
      fileBytes,
      mayMapLowPages: options.mayMapLowPages === true,
    });
    found.push(...broken);
  }
  return found;
}

/** A script breaks at most one rule: its first line. Whether the interpreter exists is not the file's fault. */
function judgeScript({ traits }: LoaderProfile, buffer: Uint8Array, fileBytes: number): ImageFinding[] {
  const line = (traits?.readScriptLine ?? parseScriptLine)(buffer, fileBytes);
  if (typeof line !== 'string') return [];
  const rule = {
    rule: 'script-line',
    errno: ExecErrno.ENOEXEC,
    when: 'before',
    kernelFunction: 'load_script',
  } as const;
  return [{ ...rule, sentence: line }];
}

/** Formats besides ELF and scripts: no finding when one accepts the header, undefined when none knows it. */
function judgeOtherFormats({ formats }: LoaderProfile, buffer: Uint8Array, fileBytes: number) {
  for (const { judge, name } of formats) {
    if (judge === undefined) continue;
    const refusal = judge(buffer, fileBytes);
    if (refusal === undefined) return [];
    const rule = { ...refusal, errno: ExecErrno.ENOEXEC, when: 'before', kernelFunction: `load_${name}` } as const;
    if (!refusal.rule.endsWith('-magic')) return [rule];
  }
  return undefined;
}

function findingOf(broken: BrokenRule<ElfRule | SegmentRule>): ImageFinding {
  const { when, kernelFunction } = broken.rule;
  return { ...failureOf(broken, 'program'), when, kernelFunction };
}

function unreadable(error: unknown): ImageFinding {
  const reason = error instanceof Error ? error.message : String(error);
  const rule = { rule: 'file-read', errno: ExecErrno.EIO, when: 'before', kernelFunction: 'kernel_read' } as const;
  return { ...rule, sentence: `The file cannot be read: ${reason}` };
}

/** Stands for a file that could be mapped; nobody reads through it. */
function mappable(source: ByteSource) {
  return { identity: source, sizeInBytes: () => source.size, readInto: () => 0 };
}
