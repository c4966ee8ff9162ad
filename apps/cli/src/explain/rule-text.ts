// What a rule says, for `elf explain RULE`: a rule of `elf check` by its id, or a loader's by its name.
import { type ElfRule, errnoName, LOADER_PROFILES, type SegmentRule } from '@elf/exec';
import { CHECK_RULES, type CheckRule, findCheckRule } from '@elf/exec/check';
import { nameTable } from '../options.ts';

/** The rules of `elf check`, one a line. */
export function ruleList(): string {
  return nameTable(CHECK_RULES.map(({ id, title }) => [id, title]));
}

/** A word that means a rule of `elf check`, whether there is one or not: their ids start with ELF- and two letters. */
export function looksLikeRule(word: string): boolean {
  return /^ELF-[A-Z]{2}(-[A-Z0-9-]*)?$/i.test(word);
}

/** The rule as text; undefined when nothing has that name. */
export function ruleText(name: string): string | undefined {
  const rule = findCheckRule(name);
  if (rule !== undefined) return checkRuleText(rule);
  const rows = LOADER_PROFILES.flatMap((profile) =>
    [...profile.elfRules, ...profile.segmentRules]
      .filter(({ rule: own }) => own === name)
      .map((row) => ({ profile: profile.name, row })),
  );
  if (rows.length === 0) return undefined;
  // The same row may stand in several profiles; profiles may also have different rows of one name.
  const distinct = [...new Set(rows.map(({ row }) => loaderRuleText(row)))];
  const parts = distinct.map((text) => {
    const profiles = rows.filter(({ row }) => loaderRuleText(row) === text).map(({ profile }) => profile);
    return `${text}Profiles: ${[...new Set(profiles)].join(', ')}\n`;
  });
  return `${name}\n\n${parts.join('\n')}`;
}

function loaderRuleText(row: ElfRule | SegmentRule): string {
  const whom = row.role === undefined ? 'program and interpreter' : row.role;
  const fate =
    row.when === 'before' ? 'which execve returns' : 'after the old program is gone, so that the process dies';
  return (
    `Demands:  ${row.demand}\n` +
    `Asked of: the ${whom}, by ${row.kernelFunction} (${row.source})\n` +
    `Broken:   ${errnoName(row.errno)}, ${fate}\n`
  );
}

function checkRuleText(rule: CheckRule): string {
  const { id, title, severity, checks, refusedBy, explanation, example, sources } = rule;
  return (
    `${id}: ${title}\n\n` +
    `Severity:   ${severity}\n` +
    `Checks:     ${checks}\n` +
    `Refused by: ${refusedBy}\n` +
    `Why:        ${explanation}\n` +
    `Fix:        ${rule.fix({})}\n` +
    `Example:    ${example}\n` +
    `Sources:    ${sources.join('; ')}\n`
  );
}
