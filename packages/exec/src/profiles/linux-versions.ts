// table: Linux by version: what execve did before a rule changed, one row per change, and the profiles that follow from them.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import type { ElfRule } from '../formats/elf-rule.ts';
import { tableBytes } from '../formats/rule-facts.ts';
import { parseEarlyScriptLine } from '../formats/script.ts';
import type { LoaderProfile, LoaderTraits } from '../loader-profile.ts';
import { linuxProfile } from './linux.ts';

/** A kernel version, major and minor. */
export type Version = readonly [number, number];

/** One change of a rule. Stable kernels may have it earlier: the versions are mainline's first releases. */
interface LinuxChange {
  /** The first version that behaves as later ones do. */
  readonly since: Version;
  /** The version before. */
  readonly last: Version;
  /** What older kernels do, as a sentence without its subject. */
  readonly before: string;
  /** The commit that changed it. */
  readonly source: string;
  /** Turns a newer kernel into one that lacks the change. */
  readonly undo: (profile: LoaderProfile) => Partial<LoaderProfile>;
}

/** Before this version further rules differ that have no row. */
const OLDEST: Version = [5, 0];
/** linuxProfile itself. */
const NEWEST: Version = [6, 18];
const AT_MINSIGSTKSZ = 51;

const traits = (profile: LoaderProfile, changed: LoaderTraits) => ({ traits: { ...profile.traits, ...changed } });

/** One page is the limit, of the program's table and of its interpreter's. */
function pageLimited(rules: readonly ElfRule[]): readonly ElfRule[] {
  return rules.map((rule) =>
    rule.rule !== 'elf-phnum'
      ? rule
      : {
          ...rule,
          demand: `the program header table has 1 to ${GUEST_PAGE_BYTES} bytes: at most 73 entries of 56 bytes, 128 of 32`,
          check: (candidate) => {
            const bytes = tableBytes(candidate);
            return bytes > 0 && bytes <= GUEST_PAGE_BYTES
              ? undefined
              : `e_phnum is ${candidate.header.phnum}, a table of ${bytes} bytes; before Linux 6.17 a page of ${GUEST_PAGE_BYTES} bytes is the limit.`;
          },
        },
  );
}

/** Ids of the vector in Linux's order. */
export const AUXILIARY_ENTRIES = [
  32, 33, 51, 16, 6, 17, 3, 4, 5, 7, 8, 9, 11, 12, 13, 14, 23, 25, 26, 31, 15, 2, 27, 28, 0,
];

/** Newest first. */
// biome-ignore format: one row per change
const LINUX_CHANGES: readonly LinuxChange[] = [
  { since: [6, 17], last: [6, 16], before: 'limits the program header table to one page', source: '8030790477e8 binfmt_elf: remove the 4k limitation of program header size',
    undo: (profile) => ({ elfRules: pageLimited(profile.elfRules) }) },
  { since: [6, 15], last: [6, 14], before: 'without address randomisation leaves the heap of a static PIE behind the program', source: '11854fe263eb binfmt_elf: Move brk for static PIE even if ASLR disabled',
    undo: (profile) => traits(profile, { staticPieHeap: 'after-program' }) },
  { since: [6, 11], last: [6, 10], before: 'ignores p_align of a static PIE', source: '3545deff0ec7 binfmt_elf: Honor PT_LOAD alignment for static PIE',
    undo: (profile) => traits(profile, { alignedPrograms: 'with-interpreter' }) },
  { since: [6, 3], last: [6, 2], before: 'writes no AT_RSEQ_FEATURE_SIZE and AT_RSEQ_ALIGN', source: '317c8194e6ae rseq: Introduce feature size and alignment ELF auxiliary vector entries',
    undo: () => ({ restartableSequences: undefined }) },
  { since: [5, 18], last: [5, 17], before: 'takes AT_PHDR for e_phoff after the first PT_LOAD, which is wrong for a table elsewhere, and starts programs with argc 0', source: '0da1d5002745 fs/binfmt_elf: Fix AT_PHDR for unusual ELF files; dcd46d897adb exec: Force single empty string when argv is empty',
    undo: (profile) => traits(profile, { programHeaderAddress: 'first-segment', keepsEmptyArguments: true }) },
  { since: [5, 14], last: [5, 13], before: 'writes no AT_MINSIGSTKSZ', source: 'x86/elf: Support a new ELF aux vector AT_MINSIGSTKSZ',
    undo: (profile) => traits(profile, { auxiliaryEntries: AUXILIARY_ENTRIES.filter((id) => id !== AT_MINSIGSTKSZ) }) },
  { since: [5, 10], last: [5, 9], before: 'ignores p_align of any PIE', source: 'ce81bb256a22 fs/binfmt_elf: use PT_LOAD p_align values for suitable start address',
    undo: (profile) => traits(profile, { alignedPrograms: 'none' }) },
  { since: [5, 8], last: [5, 7], before: 'makes everything readable executable when PT_GNU_STACK asks for an executable stack or is missing', source: '9fccc5c0c99f x86/elf: Disable automatic READ_IMPLIES_EXEC on 64-bit',
    undo: (profile) => traits(profile, { stackFlagGovernsData: true }) },
  { since: [5, 1], last: [5, 0], before: 'reads 128 bytes of a script and silently cuts a longer interpreter name', source: '6eb3c3d0a52d exec: increase BINPRM_BUF_SIZE to 256; b5372fe5dc84 exec: load_script: Do not exec truncated interpreter path',
    undo: (profile) => ({ headerBytes: 128, ...traits(profile, { readScriptLine: parseEarlyScriptLine }) }) },
];

const isBefore = ([major, minor]: Version, other: Version) =>
  major < other[0] || (major === other[0] && minor < other[1]);

/** The profile of one version: the newest with every later change undone. */
export function linuxAt(version: Version): LoaderProfile {
  const undone = LINUX_CHANGES.filter(({ since }) => isBefore(version, since));
  let profile = linuxProfile;
  for (const { undo } of undone) profile = { ...profile, ...undo(profile) };
  const name = version.join('.');
  const differences = undone.map(({ before }) => before).join('; ');
  return {
    ...profile,
    name: `linux-${name}`,
    description: `Linux ${name} on x86-64. Unlike the current kernel it ${differences}.`,
    sources: undone.map(({ source }) => source),
  };
}

/** One profile per change: the last version before it. */
export const LINUX_VERSION_PROFILES: readonly LoaderProfile[] = LINUX_CHANGES.map(({ last }) => linuxAt(last));

/**
 * The profile of a Linux version by its name, for versions between the rows too.
 * @returns undefined for other names, and for versions before 5.0 or after the newest one that is described.
 */
export function linuxVersionProfile(name: string): LoaderProfile | undefined {
  const [, major, minor] = /^linux-(\d+)\.(\d+)$/.exec(name) ?? [];
  if (major === undefined) return undefined;
  const version: Version = [Number(major), Number(minor)];
  if (isBefore(version, OLDEST) || isBefore(NEWEST, version)) return undefined;
  const profile = linuxAt(version);
  const isNewest = profile.sources?.length === 0;
  return isNewest
    ? { ...linuxProfile, name, description: `Linux ${major}.${minor}: the rules of the profile linux.` }
    : profile;
}
