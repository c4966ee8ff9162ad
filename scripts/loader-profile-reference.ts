// The text of docs/reference/loader-profiles.md, made of the profile rows and of their verdicts on five executables.
import {
  type ElfRule,
  errnoName,
  judgeImage,
  LOADER_PROFILES,
  type LoaderProfile,
  type LoaderTraits,
  linuxProfile,
  type SegmentRule,
} from '../packages/exec/src/index.ts';
import { foundingNames, foundingTwin } from '../packages/exec/src/test-support/founding-twins.ts';

type Row = ElfRule | SegmentRule;

const HEAD = `# Loader profiles

<!-- Made by scripts/generate-loader-profile-reference.ts from the rows in packages/exec/src/profiles; a test compares. -->

Whose execve is modelled: which images a kernel accepts, by which rule it refuses one, and what it does otherwise than Linux with those
it accepts. \`elf explain --profile NAME FILE\` tells the story of a file under one of them, \`elf explain RULE\` explains a rule,
\`elf check FILE\` asks all of them. A new one is [one file](../how-to/add-a-loader-profile.md).

\`linux-X.Y\` names any version from 5.0 on; the table has the last ones before a rule changed. Versions are mainline's first releases:
stable kernels and distributions may have a change earlier.

What each makes of the executables this project started from, by their headers; what the first broken rule is where it refuses:
`;

/** What a trait other than Linux's means, by its value. */
const TRAITS: { readonly [Name in keyof LoaderTraits]-?: (value: NonNullable<LoaderTraits[Name]>) => string } = {
  programHeaderAddress: (rule) =>
    ({
      'holding-segment': 'AT_PHDR is the address of the table in the PT_LOAD that holds it',
      'first-segment': 'AT_PHDR is e_phoff after the first byte of the file, taken from the first PT_LOAD',
      'first-address': 'AT_PHDR is e_phoff after the address of the first PT_LOAD',
      'program-header-entry': 'AT_PHDR is the address of PT_PHDR, else e_phoff after the PT_LOAD of offset 0',
    })[rule],
  placement: (kind) =>
    ({
      linux: 'the first PT_LOAD of an ET_DYN goes to the chosen place',
      probed:
        'the addresses of an ET_DYN count from a free range that holds all its PT_LOADs, at two thirds of the address space',
      linked:
        'an ET_DYN goes to its linked addresses, or to a fixed address when the first is 0; its interpreter lies above room for 32 GiB of data',
    })[kind],
  alignedPrograms: (which) =>
    ({
      all: 'programs go to multiples of their largest p_align',
      'with-interpreter': 'p_align of a static PIE is ignored',
      none: 'p_align of programs is ignored',
    })[which],
  staticPieHeap: (place) =>
    place === 'after-program'
      ? 'the heap of a static PIE lies behind it'
      : 'the heap of a static PIE lies where ordinary programs are',
  interpreterTime: (time) =>
    time === 'after-mapping'
      ? 'the interpreter is opened after the program is mapped'
      : 'the interpreter is opened first',
  interpreterPrefixes: (prefixes) =>
    `PT_INTERP is looked for below ${prefixes.map((prefix) => (prefix === '' ? 'the root' : `\`${prefix}\``)).join(', then ')}`,
  zeroedTail: (tail) =>
    ({
      'bss-of-writable': 'the last file page of a writable PT_LOAD with bss is zeroed after its bytes',
      bss: 'the last file page of every PT_LOAD with bss is zeroed after its bytes',
      writable: 'the last file page of every writable PT_LOAD is zeroed after its bytes, with bss or without',
    })[tail],
  mapSegment: () =>
    'the last partial page of a PT_LOAD with bss is copied into anonymous memory; an offset and address that differ within the page shift the content',
  copiesBelowPage: () => 'a PT_LOAD with a p_align below a page is read into anonymous memory',
  mapsHeadPage: () => "a PT_LOAD without bytes in the file that starts inside a page gets the file's page there",
  anonymousPages: (kind) =>
    kind === 'no-replace'
      ? 'anonymous pages where something is mapped already fail with EEXIST'
      : 'anonymous pages replace',
  stackFlagGovernsData: () => 'an executable or missing PT_GNU_STACK makes everything readable executable',
  lateFailure: (fate) =>
    fate === 'error' ? 'errors while mapping reach the caller' : `errors while mapping kill the process with ${fate}`,
  asksForModules: () => 'a file that no format knows makes nobody ask for a module',
  keepsEmptyArguments: () => 'an empty argv stays empty',
  readScriptLine: () => '`#!` lines are cut without a word where the buffer ends',
  auxiliaryEntries: (ids) => `the auxiliary vector has the entries ${ids.join(', ')}, in this order`,
  writeStack: () => 'the stack is laid out otherwise',
  kernelFunctions: () => 'steps are told with the names of its own functions',
};

/** The whole page. */
export function loaderProfileReference(): string {
  return [HEAD, overview(), ...LOADER_PROFILES.map(section)].join('\n');
}

function overview(): string {
  const names = [...foundingNames()].sort();
  const head = `| profile | ${names.join(' | ')} |\n|---|${names.map(() => '---').join('|')}|`;
  const rows = LOADER_PROFILES.map((profile) => {
    const verdicts = names.map((name) => {
      const { accepted, findings } = judgeImage(profile, foundingTwin(name));
      return accepted ? 'runs' : findings[0].rule;
    });
    return `| [${profile.name}](#${profile.name.replaceAll('.', '')}) | ${verdicts.join(' | ')} |`;
  });
  return [head, ...rows].join('\n');
}

function section(profile: LoaderProfile): string {
  const { name, description, sources = [] } = profile;
  const parts = [`\n## ${name}\n\n${description}`, differences(profile), ruleText(profile)];
  if (sources.length > 0) parts.push(`Sources: ${sources.join('; ')}.`);
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function differences({ traits = {}, headerBytes, interpreterHeader }: LoaderProfile): string {
  const texts = Object.entries(traits).map(([name, value]) => TRAITS[name as keyof LoaderTraits](value as never));
  if (headerBytes !== linuxProfile.headerBytes) texts.push(`formats see the first ${headerBytes} bytes of the file`);
  if (interpreterHeader === 'last') texts.push('the last of several PT_INTERPs counts');
  if (texts.length === 0) return '';
  return `Unlike on Linux 6.18:\n\n${texts.map((text) => `- ${text}`).join('\n')}`;
}

/** All rules, or those that the Linux profile does not have. */
function ruleText(profile: LoaderProfile): string {
  const rowsOf = ({ elfRules, segmentRules }: LoaderProfile): Row[] => [...elfRules, ...segmentRules];
  const shared = new Set(profile === linuxProfile ? [] : rowsOf(linuxProfile));
  const own = rowsOf(profile).filter((row) => !shared.has(row));
  const isRelative = own.length < rowsOf(profile).length;
  if (own.length === 0) return 'Rules: those of [linux](#linux).';
  const table = [
    '| rule | demands | of | broken | asked in | source |',
    '|---|---|---|---|---|---|',
    ...own.map(ruleRow),
  ];
  return `${isRelative ? 'Rules that [linux](#linux) does not have; the others are the same:\n\n' : ''}${table.join('\n')}`;
}

function ruleRow(row: Row): string {
  const errno = `${errnoName(row.errno)}${row.interpreterErrno === undefined ? '' : ` (${errnoName(row.interpreterErrno)} for the interpreter)`}`;
  const fate = row.when === 'before' ? errno : `${errno}, too late to return`;
  const cells = [`\`${row.rule}\``, row.demand, row.role ?? 'both', fate, `\`${row.kernelFunction}\``, row.source];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
