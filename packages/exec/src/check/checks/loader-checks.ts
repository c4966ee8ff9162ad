// The verdict of one loader at one page size: rules of its profile, then what its page policy does to the bytes.
import type { PagePolicy } from '@elf/pagesize';
import { errnoName } from '../../exec-errno.ts';
import { judgeImage } from '../../judge-image.ts';
import { type CheckLoader, whyNotConcerned } from '../check-loaders.ts';
import type { CheckOptions } from '../check-options.ts';
import type { LoaderVerdict } from '../finding.ts';
import type { FindingList } from '../finding-list.ts';
import { type ImageFacts, sizeText } from '../image-facts.ts';
import { loaderRuleId } from '../loader-rules.ts';
import { policyRuleId } from '../policy-rules.ts';
import { checkDamage } from './damage-checks.ts';
import type { DamageLens } from './damage-lens.ts';

/** What a verdict is made from. */
export interface LoaderQuestion {
  readonly facts: ImageFacts;
  readonly loader: CheckLoader;
  readonly hostPageBytes: number;
  readonly options: CheckOptions;
  readonly list: FindingList;
  readonly lens: DamageLens;
  /** Filled here: loaders that load the file, by the AT_PAGESZ they give it. */
  readonly auxiliaryPages: Map<number, string[]>;
}

/** Asks one loader. */
export function checkLoader(question: LoaderQuestion): LoaderVerdict {
  const { facts, loader, hostPageBytes, options } = question;
  const place = { loader: loader.name, hostPageBytes };
  const isNamed = options.loaders !== undefined;
  const reason = whyNotConcerned(loader, facts, isNamed) ?? whyNotThisPage(loader, hostPageBytes);
  if (reason !== undefined) return { ...place, verdict: 'n/a', rules: [], reason };
  const refusals = refusalsOfProfile(question);
  if (refusals.length > 0) return { ...place, verdict: 'refused', rules: refusals };
  return loader.policy === undefined
    ? { ...place, verdict: 'loads', rules: [] }
    : verdictOfPolicy(question, loader.policy);
}

function whyNotThisPage({ profile, policy }: CheckLoader, hostPageBytes: number): string | undefined {
  if (profile === undefined || policy !== undefined || profile.hostPageBytes === hostPageBytes) return undefined;
  return `this system has pages of ${sizeText(profile.hostPageBytes)}`;
}

/** Nobody asked for this loader or page: what it says is information, not a demand. Linux on 4 KiB pages is what x86 programs are for. */
function isUnasked({ loader, hostPageBytes, options }: LoaderQuestion): boolean {
  if (options.loaders !== undefined || options.hostPageBytes !== undefined) return false;
  return loader.name !== 'linux' || hostPageBytes !== loader.profile?.hostPageBytes;
}

function refusalsOfProfile(question: LoaderQuestion): string[] {
  const { facts, loader, hostPageBytes, list } = question;
  const { profile } = loader;
  // A profile of an x86 kernel has no rules for other machines; its page policy still has.
  if (profile === undefined || !profile.elfAbis.some(({ machines }) => machines.includes(facts.machine))) return [];
  const rules: string[] = [];
  for (const { rule, sentence, when, errno } of judgeImage(profile, facts.source, { hostPageBytes }).findings) {
    const id = loaderRuleId(rule);
    rules.push(id);
    list.add({
      rule: id,
      message: sentence,
      loader: loader.name,
      hostPageBytes,
      evidence: { facts: { rule, errno: errnoName(errno), pointOfNoReturn: when } },
      isUnasked: isUnasked(question),
    });
  }
  return [...new Set(rules)];
}

function verdictOfPolicy(question: LoaderQuestion, policy: PagePolicy): LoaderVerdict {
  const { facts, loader, hostPageBytes, list, auxiliaryPages } = question;
  const place = { loader: loader.name, hostPageBytes };
  const plan = policy.plan(facts.loads, hostPageBytes);
  if (plan.refusal !== undefined) {
    const { segment, errno, rule, sentence } = plan.refusal;
    const id = policyRuleId(rule);
    const header = facts.loads[segment];
    list.add({
      rule: id,
      message: sentence,
      ...place,
      location: header === undefined ? {} : { offset: header.offset, address: header.vaddr, segment: header.index },
      evidence: { facts: { rule, errno } },
      isUnasked: isUnasked(question),
    });
    return { ...place, verdict: 'refused', rules: [id] };
  }
  const loadersOfPage = auxiliaryPages.get(plan.auxiliaryPageBytes) ?? [];
  auxiliaryPages.set(plan.auxiliaryPageBytes, [...loadersOfPage, loader.name]);
  return checkDamage(question, plan, isUnasked(question));
}
