// The verdict of one loader at one page size: rules of its profile, then what its page policy does to the bytes.
import type { PagePolicy, ImageFacts as PlanFacts } from '@elf/pagesize';
import { ExecErrno } from '../../exec-errno.ts';
import { type ImageFinding, type JudgeOptions, judgeImage } from '../../judge-image.ts';
import { type CheckLoader, isX86, whyNotConcerned } from '../check-loaders.ts';
import type { CheckOptions } from '../check-options.ts';
import type { FindingLocation, LoaderVerdict } from '../finding.ts';
import type { FindingList } from '../finding-list.ts';
import { ANDROID_PAGE_BYTES, type ImageFacts, sizeText } from '../image-facts.ts';
import { loaderRuleId } from '../loader-rules.ts';
import { policyRuleId } from '../policy-rules.ts';
import { checkDamage } from './damage-checks.ts';
import type { DamageLens } from './damage-lens.ts';
import type { LayoutScreen } from './layout-screen.ts';
import type { ProgramScreen } from './program-screen.ts';

/** What the verdicts on one file are made from. */
export interface FileQuestion {
  readonly facts: ImageFacts;
  readonly options: CheckOptions;
  readonly list: FindingList;
  readonly lens: DamageLens;
  readonly layout: LayoutScreen;
  readonly program: ProgramScreen;
  /** Headers as the profiles decode them, filled by the first. */
  readonly decoded: NonNullable<JudgeOptions['decoded']>;
  /** PT_GNU_RELRO, which Android's linker looks at. */
  readonly planFacts: PlanFacts;
  /** Filled here: loaders that load the file, by the AT_PAGESZ they give it. */
  readonly auxiliaryPages: Map<number, string[]>;
}

/** One loader at one page size. */
export interface LoaderQuestion extends FileQuestion {
  readonly loader: CheckLoader;
  readonly hostPageBytes: number;
}

/** Asks one loader about all pages. */
export function checkLoader(file: FileQuestion, loader: CheckLoader, pages: readonly number[]): LoaderVerdict[] {
  const reason = whyNotConcerned(loader, file.facts, file.options.loaders !== undefined);
  if (reason !== undefined) return pages.map((hostPageBytes) => notApplicable(loader, hostPageBytes, reason));
  return pages.map((hostPageBytes) => {
    const otherPages = whyNotThesePages(loader, hostPageBytes);
    if (otherPages !== undefined) return notApplicable(loader, hostPageBytes, otherPages);
    return verdictOf({ ...file, loader, hostPageBytes });
  });
}

/** Kernels of x86 have one page size, Android has two, and its compatibility mode is for the larger one. */
function whyNotThesePages({ concern, name, profile, policy }: CheckLoader, hostPageBytes: number): string | undefined {
  if (concern === 'android') {
    if (hostPageBytes > ANDROID_PAGE_BYTES) return 'no Android device has such pages';
    const isMode = name !== 'android-16k';
    return isMode && hostPageBytes < ANDROID_PAGE_BYTES ? 'the compatibility mode is for 16 KiB pages' : undefined;
  }
  if (profile === undefined || policy !== undefined || profile.hostPageBytes === hostPageBytes) return undefined;
  return `this system has pages of ${sizeText(profile.hostPageBytes)}`;
}

function notApplicable({ name }: CheckLoader, hostPageBytes: number, reason: string): LoaderVerdict {
  return { loader: name, hostPageBytes, verdict: 'n/a', rules: NO_RULES, reason };
}

const NO_RULES: readonly string[] = [];

function verdictOf(question: LoaderQuestion): LoaderVerdict {
  const { loader, hostPageBytes } = question;
  const refusals = refusalsOfProfile(question);
  if (refusals.length > 0) return { loader: loader.name, hostPageBytes, verdict: 'refused', rules: refusals };
  return loader.policy === undefined
    ? { loader: loader.name, hostPageBytes, verdict: 'loads', rules: NO_RULES }
    : verdictOfPolicy(question, loader.policy);
}

/**
 * Nobody asked for this loader or page: what it says is information, not a demand. Linux on 4 KiB pages is what x86 programs are made for,
 * and Android devices with 16 KiB pages are what Google Play demands of libraries.
 */
function isUnasked({ loader, hostPageBytes, options }: LoaderQuestion): boolean {
  if (loader.concern === 'android') return loader.name !== 'android-16k' && options.loaders === undefined;
  if (options.loaders !== undefined || options.hostPageBytes !== undefined) return false;
  return loader.name !== 'linux' || hostPageBytes !== loader.profile?.hostPageBytes;
}

const ERRNO_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(ExecErrno).map(([name, errno]) => [errno, name]),
);

function refusalsOfProfile(question: LoaderQuestion): readonly string[] {
  const { facts, loader, hostPageBytes, list } = question;
  const { profile } = loader;
  // A profile of an x86 kernel has no rules for other machines; its page policy still has.
  if (profile === undefined || !isX86(facts.machine)) return NO_RULES;
  if (question.program.isAcceptedBy(profile.name, hostPageBytes)) return NO_RULES;
  const { accepted, findings } = judgeImage(profile, facts.source, { hostPageBytes, decoded: question.decoded });
  if (accepted) return NO_RULES;
  const byRule = new Map<string, ImageFinding[]>();
  for (const finding of findings) byRule.set(finding.rule, [...(byRule.get(finding.rule) ?? []), finding]);
  for (const [rule, [{ sentence, errno, when }, ...others]] of byRule) {
    const more = others.length === 0 ? '' : ` So do ${others.length} more.`;
    list.add({
      rule: loaderRuleId(rule),
      message: `${sentence}${more}`,
      loader: loader.name,
      hostPageBytes,
      location: locationOf(facts, sentence),
      evidence: { facts: { rule, errno: ERRNO_NAMES.get(errno) ?? errno, pointOfNoReturn: when } },
      isUnasked: isUnasked(question),
    });
  }
  return [...byRule.keys()].map(loaderRuleId);
}

/** Rules about one segment begin their sentence with its index; the others speak of the file as a whole. */
function locationOf({ headers, elf }: ImageFacts, sentence: string): FindingLocation {
  const index = /^PT_[A-Z]+ (\d+) /.exec(sentence)?.[1];
  const header = index === undefined ? undefined : headers[Number(index)];
  if (header !== undefined) return { offset: header.offset, address: header.vaddr, segment: header.index };
  return /e_ph|program header/.test(sentence) ? { offset: elf.fileHeader.phoff } : { offset: 0n };
}

/** Linkers make 2 to 12. The largest hostile table would keep some twenty policies busy for a second. */
const MOST_SIMULATED_SEGMENTS = 32;

function verdictOfPolicy(question: LoaderQuestion, policy: PagePolicy): LoaderVerdict {
  const { facts, loader, hostPageBytes, list, auxiliaryPages, options, layout } = question;
  const place = { loader: loader.name, hostPageBytes };
  // A table that the file does not hold, or not all of it: nobody finds segments there, whatever the pages.
  if (facts.headers.length < facts.elf.fileHeader.phnum && facts.elf.problems.length > 0)
    return { ...place, verdict: 'refused', rules: ['ELF-IM-MALFORMED'] };
  if (facts.loads.length > MOST_SIMULATED_SEGMENTS)
    return notApplicable(
      loader,
      hostPageBytes,
      `pages of more than ${MOST_SIMULATED_SEGMENTS} segments are not simulated`,
    );
  // Whoever looks for run-time libraries wants to know what AT_PAGESZ the plan says.
  if (options.scanRuntimes === false && layout.isUndisturbedBy(policy.name, hostPageBytes))
    return { ...place, verdict: 'loads', rules: [] };
  const plan = policy.plan(facts.loads, hostPageBytes, question.planFacts);
  if (plan.refusal !== undefined) {
    const { segment, errno, rule, sentence } = plan.refusal;
    const id = policyRuleId(rule);
    const header = facts.loads[segment];
    list.add({
      rule: id,
      // Policies count PT_LOADs; people, readelf and the profiles count program headers.
      message: header === undefined ? sentence : sentence.replace(/^PT_LOAD \d+/, `PT_LOAD ${header.index}`),
      ...place,
      location: header === undefined ? {} : { offset: header.offset, address: header.vaddr, segment: header.index },
      evidence: { facts: { rule, errno } },
      // A loader that runs on no such host says nothing about the file.
      severity: id === 'ELF-PG-HOST-PAGE' && options.loaders === undefined ? 'note' : undefined,
      isUnasked: isUnasked(question),
    });
    return { ...place, verdict: 'refused', rules: [id] };
  }
  const loadersOfPage = auxiliaryPages.get(plan.auxiliaryPageBytes) ?? [];
  auxiliaryPages.set(plan.auxiliaryPageBytes, [...loadersOfPage, loader.name]);
  return checkDamage(question, plan, isUnasked(question));
}
