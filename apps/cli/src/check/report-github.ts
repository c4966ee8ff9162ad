// Results of `elf check` as workflow commands of GitHub Actions: annotations at the file.
import type { Severity } from '@elf/exec/check';
import { counted } from '../report-numbers.ts';
import type { ReportFormat } from './check-result.ts';
import { type FindingGroup, groupFindings } from './finding-groups.ts';

const COMMAND: Readonly<Record<Severity, string>> = { error: 'error', warning: 'warning', note: 'notice' };

/** One command for findings that say the same of several loaders: GitHub shows ten of each severity. */
export function githubReport(): ReportFormat {
  return {
    begin: () => '',
    file: ({ path, file, report }) =>
      groupFindings(report.findings)
        .map((group) => annotation(path, file, group))
        .join(''),
    unreadable: ({ path, message }) => command('error', { file: path, title: 'elf check' }, `${path}: ${message}`),
    end: ({ files, unreadable, errors, warnings, notes }) =>
      `elf check: ${counted(files, 'file')}, ${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notes, 'note')}${unreadable === 0 ? '' : `; ${unreadable} unreadable`}\n`,
  };
}

function annotation(path: string, file: string, { finding, scope }: FindingGroup): string {
  const { rule, severity, message, fix } = finding;
  const title = scope === '' ? rule : `${rule} (${scope})`;
  return command(COMMAND[severity], { file, title }, `${path}: ${message}\n${fix}`);
}

function command(name: string, properties: Readonly<Record<string, string>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapeProperty(value)}`);
  return `::${name} ${list.join(',')}::${escapeData(message)}\n`;
}

/** Line ends would end the command (actions/toolkit, packages/core/src/command.ts). */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** In properties colon and comma are separators, too. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
