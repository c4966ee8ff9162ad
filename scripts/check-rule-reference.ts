// The text of docs/reference/check-rules.md, made of the rule rows and loaders of `elf check`.
import { CHECK_LOADERS, CHECK_RULES, type CheckRule } from '../packages/exec/src/check.ts';

const FAMILIES: readonly { readonly prefix: string; readonly title: string; readonly text: string }[] = [
  {
    prefix: 'ELF-PG-',
    title: 'Page size',
    text: 'What happens when the host has larger pages than the file is made for.',
  },
  {
    prefix: 'ELF-LD-',
    title: 'Loaders',
    text: 'What the kernels of the loader profiles demand. Each id is the name of a row of a profile; `elf explain --profile NAME FILE` shows where in the story of execve it is asked.',
  },
  { prefix: 'ELF-AN-', title: 'Android', text: 'Devices with 16 KiB pages, and the packages for them.' },
  { prefix: 'ELF-SG-', title: 'Segments', text: 'What the program headers say, whatever the loader.' },
  { prefix: 'ELF-IM-', title: 'The file itself', text: 'Files that are damaged or cut short.' },
  {
    prefix: 'ELF-RT-',
    title: 'Run-time libraries',
    text: 'Libraries with an opinion about page sizes, found by texts in the file. They are notes: the program starts, and may give up later.',
  },
];

/** The whole page. */
export function checkRuleReference(): string {
  return [HEAD, loaders(), ...FAMILIES.map(family)].join('\n');
}

const HEAD = `# Rules of elf check

<!-- Made by scripts/generate-check-rule-reference.ts from the rows in packages/exec/src/check; a test compares. -->

\`elf check FILE\` says which loader loads a file, which refuses it, and which damages it; \`elf explain RULE\` prints one of the rules below.

A severity is that of a loader or page size that was asked for by name (\`--loader\`, \`--host-page-size\`), of Linux on 4 KiB pages, and of the
file itself. What other loaders refuse or damage is a warning instead of an error, so that \`elf check FILE\` fails only where somebody needs
it to work.
`;

function loaders(): string {
  const rows = CHECK_LOADERS.map(
    ({ name, title, kind, isDefault }) => `| ${name} | ${title} | ${kind} | ${isDefault ? 'yes' : 'when named'} |`,
  );
  return `## Loaders that can be asked

| loader | what it is | kind | asked |
|---|---|---|---|
${rows.join('\n')}

Any Linux version can be named, such as \`linux-5.4\`. Files given by name are checked against everything above and with pages of 4, 16 and 64
KiB. Files found in directories and archives are checked against systems only, with the pages that kernels of their machine have: 4 KiB on x86.
\`--loader\` and \`--host-page-size\` ask for more.
`;
}

function family({ prefix, title, text }: (typeof FAMILIES)[number]): string {
  const rules = CHECK_RULES.filter(({ id }) => id.startsWith(prefix));
  return `## ${title}

${text}

${rules.map(section).join('\n')}`;
}

function section(rule: CheckRule): string {
  const { id, title, severity, checks, refusedBy, explanation, example, sources } = rule;
  return `### ${id}

**${title}** (${severity}). ${checks}

- Refused by: ${refusedBy}
- Why: ${explanation}
- Fix: ${rule.fix({})}
- Example: ${example}
- Sources: ${sources.join('; ')}
`;
}
