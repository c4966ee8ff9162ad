// Checks one file: recognises it, asks the rules of the file, the loader profiles and the page policies, and sums up.
import { imageFacts as planFactsOf } from '@elf/pagesize';
import { type ByteSource, identify, ParseError, parsePlan9, parseScript } from '@elf/parse';
import { MACHINE_NAME } from '@elf/parse/names';
import { CHECK_LOADERS, type CheckLoader, findCheckLoader, isX86 } from './check-loaders.ts';
import { type CheckOptions, DEFAULT_HOST_PAGES } from './check-options.ts';
import { checkAndroid } from './checks/android-checks.ts';
import { DamageLens } from './checks/damage-lens.ts';
import { checkFile } from './checks/file-checks.ts';
import { LayoutScreen } from './checks/layout-screen.ts';
import { ProgramScreen } from './checks/program-screen.ts';
import { checkLoader } from './checks/loader-checks.ts';
import { checkRuntimes } from './checks/runtime-checks.ts';
import type { CheckReport, ImageKind, LoaderVerdict } from './finding.ts';
import { FindingList } from './finding-list.ts';
import { type ImageFacts, imageFacts, MACHINE } from './image-facts.ts';

/**
 * Checks one file. Reads headers, the ranges a policy damages and, unless told not to, read-only data; maps nothing.
 *
 * @param source the file.
 * @throws RangeError for a loader that does not exist or a page size that is none; errors of the source pass through. What is wrong with the
 *   file is a finding, whatever it is.
 * @example
 * const { verdicts } = checkImage(source, { hostPageBytes: [16384] });
 * verdicts.find(({ loader }) => loader === 'latx-304')?.verdict   // 'loads'
 */
export function checkImage(source: ByteSource, options: CheckOptions = {}): CheckReport {
  const loaders = chosenLoaders(options);
  const format = identify(source)?.name;
  return format === 'elf' ? checkElf(source, loaders, options) : checkOther(source, format, loaders, options);
}

const DEFAULT_LOADERS = CHECK_LOADERS.filter(({ isDefault }) => isDefault);
const DEFAULT_SYSTEMS = DEFAULT_LOADERS.filter(({ kind }) => kind === 'system');

function chosenLoaders({ loaders, askEmulators }: CheckOptions): readonly CheckLoader[] {
  if (loaders === undefined) return askEmulators === false ? DEFAULT_SYSTEMS : DEFAULT_LOADERS;
  return loaders.map((name) => {
    const loader = findCheckLoader(name);
    if (loader === undefined) throw new RangeError(`There is no loader profile or page policy ${name}.`);
    return loader;
  });
}

function checkElf(source: ByteSource, loaders: readonly CheckLoader[], options: CheckOptions): CheckReport {
  const list = new FindingList(options.path);
  let facts: ImageFacts;
  try {
    facts = imageFacts(source, options.zip !== undefined);
  } catch (error) {
    if (!ParseError.isInstance(error)) throw error;
    list.add({ rule: 'ELF-IM-MALFORMED', message: error.message, location: { offset: error.offset } });
    return {
      kind: 'elf-damaged',
      description: 'damaged ELF file',
      findings: list.findings,
      verdicts: [],
      runtimes: [],
    };
  }
  const pages = pagesFor(facts, options);
  const verdicts: LoaderVerdict[] = [];
  const auxiliaryPages = new Map<number, string[]>();
  const lens = new DamageLens(facts, options);
  const layout = new LayoutScreen(facts.loads);
  const planFacts = planFactsOf(facts.headers);
  const program = new ProgramScreen(facts);
  const question = { facts, options, list, lens, layout, program, decoded: new Map(), planFacts, auxiliaryPages };
  for (const loader of loaders) verdicts.push(...checkLoader(question, loader, pages));
  checkFile(facts, pages, list);
  checkAndroid(facts, options, list);
  const runtimes = options.scanRuntimes === false ? [] : checkRuntimes(facts, auxiliaryPages, list);
  return { kind: facts.kind, description: describeElf(facts), findings: list.findings, verdicts, runtimes };
}

const KIND_TEXT: Readonly<Partial<Record<ImageKind, string>>> = {
  'elf-executable': 'executable',
  'elf-shared-object': 'shared object',
  'elf-relocatable': 'relocatable file',
  'elf-core': 'core dump',
  'elf-debug': 'debug information',
  'elf-damaged': 'file of an unknown type',
};

/** Larger pages are an emulator's matter on x86, whose kernels have 4 KiB ones; other machines have kernels with each of them. */
function pagesFor({ machine }: ImageFacts, { hostPageBytes, askEmulators }: CheckOptions): readonly number[] {
  if (hostPageBytes !== undefined) return hostPageBytes;
  return askEmulators === false && isX86(machine) ? X86_PAGES : DEFAULT_HOST_PAGES;
}

const X86_PAGES: readonly number[] = DEFAULT_HOST_PAGES.slice(0, 1);

/** Names people use, where readelf's are long. */
const MACHINE_TEXT: Readonly<Record<number, string>> = {
  [MACHINE.i386]: 'i386',
  [MACHINE.x86_64]: 'x86-64',
  [MACHINE.aarch64]: 'AArch64',
};

const SYSTEM_TEXT = {
  linux: 'Linux',
  android: 'Android',
  freebsd: 'FreeBSD',
  openbsd: 'OpenBSD',
  netbsd: 'NetBSD',
} as const;

function describeElf({ kind, elfClass, machine, system, interpreter, elf }: ImageFacts): string {
  const type =
    elf.fileHeader.type === 3 && kind === 'elf-executable' ? 'position-independent executable' : KIND_TEXT[kind];
  const built = system === 'linux' ? '' : ` for ${SYSTEM_TEXT[system]}`;
  const linked = kind === 'elf-executable' ? (interpreter === undefined ? ', static' : ', dynamic') : '';
  return `ELF${elfClass} ${MACHINE_TEXT[machine] ?? MACHINE_NAME[machine] ?? `machine ${machine}`} ${type}${linked}${built}`;
}

/** Scripts, Plan 9 programs and everything else: a verdict of the profiles that know the format, n/a of all others. */
function checkOther(
  source: ByteSource,
  format: string | undefined,
  loaders: readonly CheckLoader[],
  options: CheckOptions,
): CheckReport {
  const { kind, description, problem } = describeOther(source, format);
  const list = new FindingList(options.path);
  if (problem !== undefined)
    list.add({ rule: 'ELF-IM-MALFORMED', message: problem.message, location: { offset: problem.offset } });
  const pages = options.hostPageBytes ?? DEFAULT_HOST_PAGES;
  const verdicts = loaders.flatMap((loader) =>
    pages.map((hostPageBytes): LoaderVerdict => {
      const place = { loader: loader.name, hostPageBytes };
      const knows = loader.profile?.formats.some(({ name }) => name === format) ?? false;
      if (knows && loader.policy === undefined && loader.profile?.hostPageBytes !== hostPageBytes)
        return { ...place, verdict: 'n/a', rules: [], reason: 'this system has other pages' };
      if (!knows) return { ...place, verdict: 'n/a', rules: [], reason: 'this loader does not know the format' };
      return {
        ...place,
        verdict: problem === undefined ? 'loads' : 'refused',
        rules: problem === undefined ? [] : ['ELF-IM-MALFORMED'],
      };
    }),
  );
  return { kind, description, findings: list.findings, verdicts, runtimes: [] };
}

interface OtherFormat {
  readonly kind: ImageKind;
  readonly description: string;
  readonly problem?: ParseError;
}

function describeOther(source: ByteSource, format: string | undefined): OtherFormat {
  try {
    if (format === 'script')
      return { kind: 'script', description: `script for ${parseScript(source).interpreter || 'nothing'}` };
    if (format === 'plan9')
      return {
        kind: 'plan9-executable',
        description: `Plan 9 executable for ${parsePlan9(source).header.machine.name}`,
      };
  } catch (problem) {
    if (!ParseError.isInstance(problem)) throw problem;
    return format === 'script'
      ? { kind: 'script', description: 'script without an interpreter', problem }
      : { kind: 'plan9-executable', description: 'damaged Plan 9 executable', problem };
  }
  return { kind: 'unknown', description: format === 'ar' ? 'archive of object files' : 'no executable format' };
}
