// Results of `elf check` as Markdown, for a job summary or a pull request: a table of files, then a section for each file with findings.
import { counted, pageText } from '../report-numbers.ts';
import { type CheckedFile, type ReportFormat, tally, type UnreadableInput } from './check-result.ts';
import { groupFindings } from './finding-groups.ts';
import { verdictGrid, verdictSummary, verdictText } from './verdict-text.ts';

/** The table needs all files, so everything is written at the end. */
export function markdownReport(): ReportFormat {
  const lines: string[] = [];
  const sections: string[] = [];
  const unreadable: UnreadableInput[] = [];
  return {
    begin: () => '',
    file(checked) {
      const { errors, warnings, notes } = tally(checked.report.findings);
      const verdict = verdictSummary(checked.report);
      lines.push(
        `| ${code(checked.path)} | ${escaped(checked.report.description)} | ${errors} | ${warnings} | ${notes} | ${escaped(verdict) || 'loads'} |\n`,
      );
      if (checked.report.findings.length > 0) sections.push(section(checked));
      return '';
    },
    unreadable(input) {
      unreadable.push(input);
      return '';
    },
    end({ files, errors, warnings, notes }) {
      const head = `# elf check\n\n${counted(files, 'file')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}, ${counted(notes, 'note')}.\n\n`;
      const table =
        lines.length === 0
          ? ''
          : `| file | what | errors | warnings | notes | verdict |\n| --- | --- | ---: | ---: | ---: | --- |\n${lines.join('')}\n`;
      const failures = unreadable.map(({ path, message }) => `- ${code(path)}: ${escaped(message)}\n`);
      return `${head}${table}${failures.length === 0 ? '' : `## Unreadable\n\n${failures.join('')}\n`}${sections.join('')}`;
    },
  };
}

function section({ path, report }: CheckedFile): string {
  const { pages, rows } = verdictGrid(report);
  const head = `| loader | ${pages.map((page) => `${pageText(page)} pages`).join(' | ')} |\n| --- |${' --- |'.repeat(pages.length)}\n`;
  const body = rows.map(({ loader, cells }) => `| ${escaped(loader)} | ${cells.map(verdictText).join(' | ')} |\n`);
  const findings = groupFindings(report.findings).map(({ finding, scope }) => {
    const { severity, rule, message, fix } = finding;
    return `- **${severity} ${rule}**${scope === '' ? '' : ` (${escaped(scope)})`}: ${escaped(message)}\n  ${escaped(fix)}\n`;
  });
  return `## ${code(path)}\n\n${escaped(report.description)}\n\n${rows.length === 0 ? '' : `${head}${body.join('')}\n`}${findings.join('')}\n`;
}

/** Text that means nothing to Markdown: no markup, no table border, no line end. */
function escaped(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|~#]/g, (character) => `\\${character}`).replaceAll(/[\r\n]+/g, ' ');
}

/** A path as code. A table cell ends at a bar even inside code, and a backtick would end the code. */
function code(path: string): string {
  const fence = path.includes('`') ? '``' : '`';
  const text = path.replaceAll(/[\u0000-\u001f\u007f]/g, '?').replaceAll('|', '\\|');
  return `${fence}${fence.length > 1 ? ` ${text} ` : text}${fence}`;
}
