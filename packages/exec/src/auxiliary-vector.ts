// The auxiliary vector: one row per entry, in the order Linux writes them on x86-64 (fs/binfmt_elf.c, create_elf_tables).
import type { Binprm } from './binprm.ts';
import type { AnnouncedVdso, ExecCredentials, ExecRequest } from './exec-request.ts';
import { fileCredentials } from './file-credentials.ts';

/** Where the vDSO's header is. */
export const AT_SYSINFO_EHDR = 33;
/** Behind the standard streams. */
export const FIRST_FREE_DESCRIPTOR = 3;

/** One id and value of the vector. */
export interface AuxiliaryEntry {
  readonly id: number;
  readonly name: string;
  readonly value: number;
}

/** What the values are made from. */
export interface AuxiliaryFacts {
  readonly request: ExecRequest;
  readonly binprm: Binprm;
  readonly programHeaderAddress: number;
  readonly programHeaderCount: number;
  readonly programHeaderBytes: number;
  readonly interpreterBase: number;
  readonly programEntry: number;
  /** AT_PAGESZ. */
  readonly pageBytes: number;
  readonly randomAddress: number;
  readonly filenameAddress: number;
  readonly platformAddress: number;
  /** Where the vDSO is, if there is one. */
  readonly vdso: AnnouncedVdso | undefined;
}

interface AuxiliaryRow {
  readonly id: number;
  readonly name: string;
  /** undefined: this kernel does not write the entry. */
  readonly value: (facts: AuxiliaryFacts & { readonly credentials: ExecCredentials }) => number | undefined;
}

// biome-ignore format: one row per line
const ROWS: readonly AuxiliaryRow[] = [
  { id: 32, name: 'AT_SYSINFO',           value: ({ vdso }) => vdso?.systemCallEntry },
  { id: AT_SYSINFO_EHDR, name: 'AT_SYSINFO_EHDR',      value: ({ vdso }) => vdso?.address },
  { id: 51, name: 'AT_MINSIGSTKSZ',       value: ({ request }) => request.hardwareCapabilities.minimumSignalStackBytes },
  { id: 16, name: 'AT_HWCAP',             value: ({ request }) => request.hardwareCapabilities.hwcap },
  { id: 6,  name: 'AT_PAGESZ',            value: (facts) => facts.pageBytes },
  { id: 17, name: 'AT_CLKTCK',            value: ({ request }) => request.profile.clockTicksPerSecond },
  { id: 3,  name: 'AT_PHDR',              value: (facts) => facts.programHeaderAddress },
  { id: 4,  name: 'AT_PHENT',             value: (facts) => facts.programHeaderBytes },
  { id: 5,  name: 'AT_PHNUM',             value: (facts) => facts.programHeaderCount },
  { id: 7,  name: 'AT_BASE',              value: (facts) => facts.interpreterBase },
  { id: 8,  name: 'AT_FLAGS',             value: ({ binprm }) => (binprm.preservesFirstArgument ? 1 : 0) },
  { id: 9,  name: 'AT_ENTRY',             value: (facts) => facts.programEntry },
  { id: 11, name: 'AT_UID',               value: ({ credentials }) => credentials.uid },
  { id: 12, name: 'AT_EUID',              value: ({ credentials }) => credentials.euid },
  { id: 13, name: 'AT_GID',               value: ({ credentials }) => credentials.gid },
  { id: 14, name: 'AT_EGID',              value: ({ credentials }) => credentials.egid },
  { id: 23, name: 'AT_SECURE',            value: ({ credentials }) => (credentials.isSecure ? 1 : 0) },
  { id: 25, name: 'AT_RANDOM',            value: (facts) => facts.randomAddress },
  { id: 26, name: 'AT_HWCAP2',            value: ({ request }) => request.hardwareCapabilities.hwcap2 },
  { id: 31, name: 'AT_EXECFN',            value: (facts) => facts.filenameAddress },
  { id: 15, name: 'AT_PLATFORM',          value: (facts) => facts.platformAddress },
  { id: 2,  name: 'AT_EXECFD',            value: ({ request, binprm }) => binprm.passedFile && (request.lowestFreeDescriptor ?? FIRST_FREE_DESCRIPTOR) },
  { id: 27, name: 'AT_RSEQ_FEATURE_SIZE', value: ({ request }) => request.profile.restartableSequences?.featureBytes },
  { id: 28, name: 'AT_RSEQ_ALIGN',        value: ({ request }) => request.profile.restartableSequences?.alignment },
  { id: 0,  name: 'AT_NULL',              value: () => 0 },
];

/** Entries of other kernels; written only where a profile lists them. */
// biome-ignore format: one row per line
const FOREIGN_ROWS: readonly AuxiliaryRow[] = [
  { id: 71, name: 'AT_VA_RESERVATION',    value: () => 1 },
];

/** The vector, AT_NULL included. AT_SYSINFO_EHDR is there only when there is a vDSO. */
export function auxiliaryVector(facts: AuxiliaryFacts): AuxiliaryEntry[] {
  const entries: AuxiliaryEntry[] = [];
  const credentials = fileCredentials(facts.request.credentials, facts.binprm.credentialFile);
  const order = facts.request.profile.traits?.auxiliaryEntries;
  const rows =
    order === undefined
      ? ROWS
      : order.flatMap((wanted) => [...ROWS, ...FOREIGN_ROWS].find(({ id }) => id === wanted) ?? []);
  for (const { id, name, value } of rows) {
    const known = value({ ...facts, credentials });
    if (known !== undefined) entries.push({ id, name, value: known });
  }
  return entries;
}

/**
 * The vector as bytes, as it is on the stack and in /proc/PID/auxv.
 * @param wordBytes size of an id and of a value: 8, or 4 for an i386 program.
 * @example
 * auxiliaryVectorBytes([{ id: 6, name: 'AT_PAGESZ', value: 4096 }]).length // 16
 */
export function auxiliaryVectorBytes(entries: readonly AuxiliaryEntry[], wordBytes: 4 | 8 = 8): Uint8Array {
  return wordsToBytes(
    entries.flatMap(({ id, value }) => [id, value]),
    wordBytes,
  );
}

/**
 * Numbers as little-endian words of 4 or 8 bytes.
 * @example
 * wordsToBytes([1], 4) // 01 00 00 00
 */
export function wordsToBytes(words: readonly number[], wordBytes: 4 | 8): Uint8Array {
  const view = new DataView(new ArrayBuffer(words.length * wordBytes));
  words.forEach((word, index) => {
    if (wordBytes === 8) view.setBigUint64(index * 8, BigInt(word), true);
    else view.setUint32(index * 4, word, true);
  });
  return new Uint8Array(view.buffer);
}
