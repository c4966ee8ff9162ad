// What a check answers: findings with their evidence, and one verdict for every loader and page size.
import type { ByteOrigin } from '@elf/pagesize';

/** How bad a finding is. */
export type Severity = 'error' | 'warning' | 'note';

/** What kind of file was checked. */
export type ImageKind =
  | 'elf-executable'
  | 'elf-shared-object'
  | 'elf-relocatable'
  | 'elf-core'
  | 'elf-debug'
  | 'elf-damaged'
  | 'plan9-executable'
  | 'script'
  | 'unknown';

/** Where in the file a finding points. */
export interface FindingLocation {
  /** Byte offset in the file. */
  readonly offset?: bigint;
  /** Address as linked. */
  readonly address?: bigint;
  /** Index into the program header table. */
  readonly segment?: number;
}

/** Addresses whose bytes a policy takes from the wrong place. */
export interface DamageEvidence {
  readonly start: bigint;
  readonly end: bigint;
  readonly wanted: ByteOrigin;
  readonly got: ByteOrigin;
  /** Program header whose bytes are lost, and the one whose loading does it. */
  readonly segment: number;
  readonly by: number;
  /** Bytes of the range that really differ; absent when the file's content was not read. */
  readonly differingBytes?: number;
  readonly firstDifference?: bigint;
  /** Bytes from there on as they should be and as they are, in hexadecimal. */
  readonly before?: string;
  readonly after?: string;
}

/** What a finding rests on. Numbers are bytes or counts, bigints addresses or offsets. */
export interface FindingEvidence {
  readonly facts?: Readonly<Record<string, string | number | bigint | boolean>>;
  readonly ranges?: readonly DamageEvidence[];
  /** Bytes that really differ over all ranges. */
  readonly differingBytes?: number;
  /** The comparison stopped at its limit: `differingBytes` is a lower bound. */
  readonly isLowerBound?: boolean;
  /** Sections concerned. */
  readonly names?: readonly string[];
  /** Functions and objects concerned, the first of them. */
  readonly symbols?: readonly string[];
}

/** One thing that is wrong, or worth knowing. */
export interface Finding {
  /** Id of the rule, see {@link CheckRule}. */
  readonly rule: string;
  readonly severity: Severity;
  /** The loader profile or page policy that refuses or damages the file; absent when it is true of the file alone. */
  readonly loader?: string;
  readonly hostPageBytes?: number;
  readonly message: string;
  readonly location: FindingLocation;
  /** What to do about it. */
  readonly fix: string;
  readonly evidence: FindingEvidence;
}

/** What one loader on hosts with one page size makes of the file. */
export interface LoaderVerdict {
  /** Name of a loader profile or a page policy. */
  readonly loader: string;
  readonly hostPageBytes: number;
  readonly verdict: 'loads' | 'refused' | 'damaged' | 'n/a';
  /** Ids of the rules behind a refusal or damage. */
  readonly rules: readonly string[];
  /** For "damaged": bytes that differ, absent when the file's content was not read. */
  readonly differingBytes?: number;
  /** For "n/a": why the question does not arise. */
  readonly reason?: string;
}

/** A run-time library with an opinion about page sizes, found in the file. */
export interface RuntimeMarker {
  readonly name: string;
  readonly confidence: 'certain' | 'likely';
  /** What gave it away, and where. */
  readonly evidence: string;
  readonly offset?: bigint;
  /** Largest page size it works with on this machine, in bytes; absent when the build decides and the file does not say. */
  readonly largestPageBytes?: number;
}

/** Everything {@link checkImage} found. */
export interface CheckReport {
  readonly kind: ImageKind;
  /** In a few words: "ELF64 x86-64 executable", "script for /bin/sh". */
  readonly description: string;
  readonly findings: readonly Finding[];
  readonly verdicts: readonly LoaderVerdict[];
  readonly runtimes: readonly RuntimeMarker[];
}
