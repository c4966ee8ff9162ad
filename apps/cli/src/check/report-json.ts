// Results of `elf check` as JSON: one document, or one object a line; 64-bit values are hexadecimal strings.
import { hex } from '../report-numbers.ts';
import type { CheckedFile, CheckSummary, ReportFormat, UnreadableInput } from './check-result.ts';

/** Version of the JSON; raised when a field changes its meaning. */
export const CHECK_JSON_SCHEMA = 1;

/** A document with all files, written as they come. */
export function jsonReport(): ReportFormat {
  let files = 0;
  const unreadable: UnreadableInput[] = [];
  return {
    begin: () => `{\n  "schema": ${CHECK_JSON_SCHEMA},\n  "tool": "elf check",\n  "files": [`,
    file(checked) {
      const separator = files++ === 0 ? '\n' : ',\n';
      return `${separator}${indented(JSON.stringify(fileObject(checked), replacer, 2), '    ')}`;
    },
    unreadable(input) {
      unreadable.push(input);
      return '';
    },
    end: (summary) =>
      `${files === 0 ? '' : '\n  '}],\n  "unreadable": ${indented(JSON.stringify(unreadable, undefined, 2), '  ').trimStart()},\n  "summary": ${indented(JSON.stringify(summary, undefined, 2), '  ').trimStart()}\n}\n`,
  };
}

/** One object a line: "file" and "unreadable" as they come, "summary" last. */
export function jsonLinesReport(): ReportFormat {
  const line = (type: string, value: object) =>
    `${JSON.stringify({ schema: CHECK_JSON_SCHEMA, type, ...value }, replacer)}\n`;
  return {
    begin: () => '',
    file: (checked: CheckedFile) => line('file', fileObject(checked)),
    unreadable: (input: UnreadableInput) => line('unreadable', input),
    end: (summary: CheckSummary) => line('summary', summary),
  };
}

function fileObject({ path, file, member, bytes, report }: CheckedFile): object {
  const { kind, description, verdicts, findings, runtimes } = report;
  return { path, file, member, bytes, kind, description, verdicts, findings, runtimes };
}

function replacer(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? hex(value) : value;
}

function indented(text: string, margin: string): string {
  return margin + text.replaceAll('\n', `\n${margin}`);
}
