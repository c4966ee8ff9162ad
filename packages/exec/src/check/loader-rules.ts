// Rules of loader profiles as rules of a check: the profile's own rows with an id, and what to do about each.
import type { ElfRule, SegmentRule } from '../formats/elf-rule.ts';
import { LOADER_PROFILES } from '../profiles/index.ts';
import type { CheckRule, FixFacts } from './check-rule.ts';
import { LOADER_FIXES, type LoaderFix } from './rules/loader-fixes.ts';

/** The id under which a check reports a rule of a loader profile: `elf-phnum` is ELF-LD-ELF-PHNUM. */
export function loaderRuleId(rule: string): string {
  const id = idOf(rule);
  return LOADER_RULE_IDS.has(id) ? id : 'ELF-LD-REFUSED';
}

function idOf(rule: string): string {
  return `ELF-LD-${rule.toUpperCase()}`;
}

interface Usage {
  readonly row: ElfRule | SegmentRule;
  readonly profiles: string[];
}

/** Every rule of every profile once, with the profiles that have it. */
function usages(): Usage[] {
  const byName = new Map<string, Usage>();
  for (const { name, elfRules, segmentRules } of LOADER_PROFILES) {
    for (const row of [...elfRules, ...segmentRules]) {
      if (row.role === 'interpreter') continue;
      const usage = byName.get(row.rule) ?? { row, profiles: [] };
      if (!usage.profiles.includes(name)) usage.profiles.push(name);
      byName.set(row.rule, usage);
    }
  }
  return [...byName.values()];
}

/** The fix for a rule: its own, or that of the group its name belongs to. */
export function fixOf(rule: string): LoaderFix {
  const exact = LOADER_FIXES.find(({ rules }) => rules.includes(rule));
  return exact ?? LOADER_FIXES[LOADER_FIXES.length - 1];
}

/** Documentation rows of all loader rules. */
export const LOADER_RULES: readonly CheckRule[] = usages().map(({ row, profiles }) => {
  const fix = fixOf(row.rule);
  const errno = row.when === 'after' ? 'the process is killed by SIGSEGV' : 'execve fails';
  return {
    id: idOf(row.rule),
    severity: 'error',
    title: fix.title ?? `The loader refuses the file: ${row.rule}`,
    checks: `${row.demand.charAt(0).toUpperCase()}${row.demand.slice(1)}.`,
    refusedBy: `${profiles.join(', ')}: ${errno}.`,
    explanation: fix.explanation,
    fix: (facts: FixFacts) => fix.fix(facts),
    example: fix.example,
    sources: [`${row.source}, ${row.kernelFunction}`],
  };
});

const LOADER_RULE_IDS: ReadonlySet<string> = new Set(LOADER_RULES.map(({ id }) => id));
