// All rules of a check, found by id.
import type { CheckRule } from './check-rule.ts';
import { LOADER_RULES } from './loader-rules.ts';
import { ANDROID_RULES } from './rules/android-rules.ts';
import { FILE_RULES } from './rules/file-rules.ts';
import { PAGE_SIZE_RULES } from './rules/page-size-rules.ts';
import { RUNTIME_ROWS } from './runtime-rows.ts';

/** The id of the rule about a run-time library. */
export function runtimeRuleId(id: string): string {
  return `ELF-RT-${id}`;
}

const RUNTIME_RULES: readonly CheckRule[] = RUNTIME_ROWS.map((row) => ({
  id: runtimeRuleId(row.id),
  severity: 'note',
  title: `${row.name} and the page size`,
  checks: `The texts ${row.marks.map(({ text }) => JSON.stringify(text)).join(' and ')} in the file’s data.`,
  refusedBy: 'Nobody: the program starts, and the library may give up.',
  explanation: row.explanation,
  fix: () => row.fix,
  example: `${row.name} found at offset 0x1000.`,
  sources: row.sources,
}));

/** Every rule, in the order of the reference page. */
export const CHECK_RULES: readonly CheckRule[] = [
  ...PAGE_SIZE_RULES,
  ...LOADER_RULES,
  ...ANDROID_RULES,
  ...FILE_RULES,
  ...RUNTIME_RULES,
];

const BY_ID: ReadonlyMap<string, CheckRule> = new Map(CHECK_RULES.map((rule) => [rule.id, rule]));

/**
 * The rule with an id, upper or lower case; undefined when there is none.
 * @example
 * findCheckRule('ELF-PG-DAMAGE')?.explanation
 */
export function findCheckRule(id: string): CheckRule | undefined {
  return BY_ID.get(id.toUpperCase());
}
