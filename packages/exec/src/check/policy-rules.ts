// table: refusals of page policies by rule name, and the check rules that report them.

/** Refusals that have a rule of their own here; all others are ELF-PG-REFUSED. */
const POLICY_RULES: Readonly<Record<string, string>> = {
  congruence: 'ELF-PG-CONGRUENCE',
  'host-page': 'ELF-PG-HOST-PAGE',
  'alignment-page': 'ELF-PG-LDSO-ALIGNMENT',
  'alignment-offset': 'ELF-PG-LDSO-OFFSET',
  'program-alignment': 'ELF-AN-ALIGNMENT',
  'compatibility-layout': 'ELF-AN-COMPAT',
};

/** The id under which a check reports the refusal of a policy. */
export function policyRuleId(rule: string): string {
  return POLICY_RULES[rule] ?? 'ELF-PG-REFUSED';
}
