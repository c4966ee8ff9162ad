// Collects the findings of one file: severity by what was asked for, advice from the rule.
import type { CheckRule } from './check-rule.ts';
import { findCheckRule } from './check-rules.ts';
import type { Finding, FindingEvidence, FindingLocation, Severity } from './finding.ts';

/** What a rule found. */
export interface FoundProblem {
  readonly rule: string;
  readonly message: string;
  readonly loader?: string;
  readonly hostPageBytes?: number;
  readonly location?: FindingLocation;
  readonly evidence?: FindingEvidence;
  /** Instead of the rule's own. */
  readonly severity?: Severity;
  /** A loader or page that nobody asked for by name: an error is a warning then. */
  readonly isUnasked?: boolean;
}

/** The findings of one file, in the order in which they are found. */
export class FindingList {
  readonly findings: Finding[] = [];
  readonly #path: string | undefined;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  add(problem: FoundProblem): void {
    const { rule: id, message, loader, hostPageBytes, location = {}, evidence = {} } = problem;
    const rule = findCheckRule(id) as CheckRule;
    const severity = problem.severity ?? rule.severity;
    this.findings.push({
      rule: id,
      severity: problem.isUnasked && severity === 'error' ? 'warning' : severity,
      ...(loader === undefined ? {} : { loader }),
      ...(hostPageBytes === undefined ? {} : { hostPageBytes }),
      message,
      location,
      fix: rule.fix({ hostPageBytes, loader, path: this.#path }),
      evidence,
    });
  }
}
