// The maps as text, with damage and other permissions beneath the line they are in.
import { errnoName } from '@elf/exec';
import type { ByteOrigin } from '@elf/pagesize';
import { counted, hex, pageSizeText } from '../report-numbers.ts';
import type { ImageReport, ReportedDamage } from './image-report.ts';
import type { LoadStory } from './load-story.ts';

/** How many symbols of a range are named. */
const SHOWN_SYMBOLS = 8;

/** A remark and the address it belongs to. */
interface Remark {
  readonly address: bigint;
  readonly lines: readonly string[];
}

/** The whole output. */
export function storyText({ request, outcome, images }: LoadStory): string {
  if (!outcome.ok) {
    const { refusal, errno, afterPointOfNoReturn } = outcome;
    const fate = afterPointOfNoReturn ? 'the process dies of SIGSEGV' : `execve returns ${errnoName(errno)}`;
    return `refused by rule ${refusal.rule}: ${refusal.sentence}\n${fate}\n`;
  }
  const remarks = images.flatMap(imageRemarks).sort((a, b) => (a.address < b.address ? -1 : 1));
  const lines = outcome.space.mapsText().trimEnd().split('\n');
  const ends = outcome.space.areas.map(({ end }) => BigInt(end));
  const parts: string[] = [];
  let next = 0;
  for (const [index, line] of lines.entries()) {
    parts.push(line);
    // A remark about unmapped memory stands beneath the line before it.
    const limit = ends[index + 1] === undefined ? undefined : BigInt(outcome.space.areas[index + 1].start);
    for (; next < remarks.length && (limit === undefined || remarks[next].address < limit); next++) {
      parts.push(...remarks[next].lines.map((remark) => `    ${remark}`));
    }
  }
  const summary = request.isComparison ? ['', ...images.map((image) => summaryLine(image))] : [];
  return `${[...parts, ...summary].join('\n')}\n`;
}

/** One line for an image: page, AT_PAGESZ, damage, permissions. */
export function summaryLine(image: ImageReport): string {
  const { path, plan, damage, damagedBytes, differingBytes, isComplete, protectionChanges } = image;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const where = `${name}, ${plan.policy} on ${pageSizeText(plan.hostPageBytes)} pages, AT_PAGESZ ${plan.auxiliaryPageBytes}`;
  if (plan.refusal !== undefined) return `${where}: refused by ${plan.refusal.rule}. ${plan.refusal.sentence}`;
  const lost =
    damage.length === 0
      ? 'every byte is in its place'
      : `${damagedBytes} bytes in ${counted(damage.length, 'range')} come from the wrong place, ${isComplete ? '' : 'at least '}${differingBytes} of them differ`;
  const rights =
    protectionChanges.length === 0
      ? 'permissions are exact'
      : `${counted(protectionChanges.length, 'range')} with other permissions`;
  return `${where}: ${lost}; ${rights}`;
}

function imageRemarks({ bias, loads, damage, protectionChanges }: ImageReport): Remark[] {
  const ofDamage = damage.map((range) => ({ address: range.start + bias, lines: damageLines(range, bias, loads) }));
  const ofRights = protectionChanges.map(({ start, end, wanted, got }) => ({
    address: start + bias,
    lines: [`permissions ${rangeText(start + bias, end + bias)}: wanted ${rightsText(wanted)}, got ${rightsText(got)}`],
  }));
  return [...ofDamage, ...ofRights];
}

function damageLines(range: ReportedDamage, bias: bigint, loads: ImageReport['loads']): string[] {
  const { start, end, wanted, got, segment, by, differingBytes, excerpt, names } = range;
  const size = `${end - start} bytes, ${differingBytes} differ`;
  const lines = [
    `damage ${rangeText(start + bias, end + bias)} (${size}): wanted ${originText(wanted)}, got ${originText(got)}; PT_LOAD ${loads[by].index} over PT_LOAD ${loads[segment].index}`,
  ];
  const sections = names.sections.map(({ name }) => name).join(' ');
  const shown = names.symbols.slice(0, SHOWN_SYMBOLS).map(({ name }) => name);
  const more = names.symbolCount - shown.length;
  const symbols = shown.join(' ') + (more > 0 ? ` and ${more} more` : '');
  if (sections !== '') lines.push(`  sections ${sections}`);
  if (shown.length > 0) lines.push(`  symbols ${symbols}`);
  if (excerpt !== undefined) {
    const at = addressText(excerpt.address + bias);
    lines.push(
      `  ${at} wanted ${excerpt.before}`,
      `  ${at} got    ${excerpt.after === '' ? 'nothing' : excerpt.after}`,
    );
  }
  return lines;
}

function originText(origin: ByteOrigin): string {
  if (origin.kind === 'zero') return 'zeros';
  return origin.kind === 'unmapped' ? 'nothing' : `file ${hex(origin.fileOffset)}`;
}

/** r-x and the like; "none" for unmapped memory and for PROT_NONE. */
export function rightsText(protection: number): string {
  if (protection === 0) return 'none';
  return `${protection & 1 ? 'r' : '-'}${protection & 2 ? 'w' : '-'}${protection & 4 ? 'x' : '-'}`;
}

function rangeText(start: bigint, end: bigint): string {
  return `${addressText(start)}-${addressText(end)}`;
}

/** As /proc/PID/maps writes addresses. */
function addressText(address: bigint): string {
  return address.toString(16).padStart(8, '0');
}
