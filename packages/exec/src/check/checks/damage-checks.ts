// What a plan does to the bytes and permissions of an image, as findings: ranges, differing bytes, names, hexadecimal.
import {
  type ByteOrigin,
  type DamagedRange,
  damage,
  type ImagePlan,
  type ProtectionChange,
  protectionChanges,
} from '@elf/pagesize';
import { hex } from '../../exec-record.ts';
import type { LoaderVerdict } from '../finding.ts';
import { sizeText } from '../image-facts.ts';
import type { LoaderQuestion } from './loader-checks.ts';

const WRITE = 2;
const EXECUTE = 4;
const MOST_RANGES_IN_MESSAGE = 4;
const MOST_NAMES_IN_MESSAGE = 8;

/** The verdict on a plan that was not refused. */
export function checkDamage(question: LoaderQuestion, plan: ImagePlan, isUnasked: boolean): LoaderVerdict {
  const { facts, loader, hostPageBytes, list, lens, layout, options } = question;
  const place = { loader: loader.name, hostPageBytes };
  if (layout.isReference(plan)) return { ...place, verdict: 'loads', rules: [] };
  const ranges = damage(plan, facts.loads);
  // A kernel enforces what it has set; emulators keep permissions of their own beside those of the host.
  const isEnforced = loader.kind === 'system';
  const changes = isEnforced || options.reportPermissions !== false ? protectionChanges(plan, facts.loads) : [];
  const lost = changes.filter(({ wanted, got }) => (wanted & ~got) !== 0);
  if (isEnforced && lost.length > 0) {
    reportPermissions(question, 'ELF-PG-LOST-PERMISSION', lost, isUnasked);
    if (ranges.length === 0) return { ...place, verdict: 'damaged', rules: ['ELF-PG-LOST-PERMISSION'] };
  } else if (options.reportPermissions !== false)
    reportPermissions(
      question,
      'ELF-PG-PERMISSIONS',
      [...lost, ...changes.filter((change) => !lost.includes(change))],
      isUnasked,
    );
  if (ranges.length === 0) return { ...place, verdict: 'loads', rules: [] };
  const evidence = lens.look(ranges);
  const { differingBytes, names = [] } = evidence;
  const rule = differingBytes === 0 ? 'ELF-PG-SAME-BYTES' : 'ELF-PG-DAMAGE';
  const [{ start, wanted, segment }] = ranges;
  list.add({
    rule,
    message: message(ranges, differingBytes, names, hostPageBytes),
    ...place,
    location: {
      ...(wanted.kind === 'file' ? { offset: wanted.fileOffset } : {}),
      address: start,
      segment: facts.loads[segment].index,
    },
    evidence,
    isUnasked,
  });
  if (differingBytes === 0) return { ...place, verdict: 'loads', rules: [rule] };
  return { ...place, verdict: 'damaged', rules: [rule], ...(differingBytes === undefined ? {} : { differingBytes }) };
}

/** What differs, where, and why. */
function message(
  ranges: readonly DamagedRange[],
  differingBytes: number | undefined,
  names: readonly string[],
  hostPageBytes: number,
): string {
  const total = ranges.reduce((sum, { start, end }) => sum + (end - start), 0n);
  const where = ranges
    .slice(0, MOST_RANGES_IN_MESSAGE)
    .map(
      ({ start, end, wanted, got }) => `${hex(start)}-${hex(end)} holds ${origin(got)} instead of ${origin(wanted)}`,
    );
  const more =
    ranges.length > MOST_RANGES_IN_MESSAGE ? `; and ${ranges.length - MOST_RANGES_IN_MESSAGE} more ranges` : '';
  const what =
    differingBytes === undefined
      ? `Up to ${total} bytes are wrong`
      : differingBytes === 0
        ? `${total} bytes come from the wrong place but are equal`
        : `${differingBytes} bytes differ`;
  const inside =
    names.length === 0
      ? ''
      : ` in ${names.slice(0, MOST_NAMES_IN_MESSAGE).join(', ')}${names.length > MOST_NAMES_IN_MESSAGE ? ' and others' : ''}`;
  return `${what}${inside} on ${sizeText(hostPageBytes)} pages: ${where.join('; ')}${more}.`;
}

function origin(from: ByteOrigin): string {
  return from.kind === 'file' ? `file offset ${hex(from.fileOffset)}` : from.kind === 'zero' ? 'zeros' : 'nothing';
}

/** One finding for all pages whose permissions are not the exact ones. */
function reportPermissions(
  { facts, loader, hostPageBytes, list }: LoaderQuestion,
  rule: string,
  changes: readonly ProtectionChange[],
  isUnasked: boolean,
): void {
  if (changes.length === 0) return;
  const shown = changes.slice(0, MOST_RANGES_IN_MESSAGE);
  const rows = shown.map(
    ({ start, end, wanted, got }) => `${hex(start)}-${hex(end)} is ${protection(got)} instead of ${protection(wanted)}`,
  );
  const more = changes.length > shown.length ? `; and ${changes.length - shown.length} more ranges` : '';
  const [{ start }] = shown;
  const owner = facts.loads.find(({ vaddr, memsz }) => start < vaddr + memsz && start + BigInt(hostPageBytes) > vaddr);
  list.add({
    rule,
    message: `On ${sizeText(hostPageBytes)} pages ${rows.join('; ')}${more}.`,
    loader: loader.name,
    hostPageBytes,
    location: { address: start, ...(owner === undefined ? {} : { segment: owner.index }) },
    evidence: { facts: { ranges: changes.length, writableCode: changes.some(isWritableCode) } },
    isUnasked,
  });
}

function isWritableCode({ wanted, got }: ProtectionChange): boolean {
  const both = WRITE | EXECUTE;
  return (got & both) === both && (wanted & both) !== both;
}

function protection(bits: number): string {
  return `${bits & 1 ? 'R' : '-'}${bits & WRITE ? 'W' : '-'}${bits & EXECUTE ? 'X' : '-'}`;
}
