// The lines of the plot: each segment's file bytes, what the loader takes from the file for it, and damage.
import type { ProgramHeader } from '@elf/parse';
import { hex } from '../../report-numbers.ts';
import { rightsText } from '../maps-story-text.ts';
import { element, textElement, titleElement } from './element.ts';
import type { PictureFrame } from './picture-frame.ts';
import { rightsClass } from './picture-style.ts';

/** PROT_* bits of p_flags: read and execute change places. */
export function protectionOf({ flags }: ProgramHeader): number {
  return ((flags & 4) >> 2) | (flags & 2) | ((flags & 1) << 2);
}

/** Everything inside the frame. */
export function drawPlot(frame: PictureFrame): string {
  const { report } = frame;
  return element(
    'g',
    {},
    ...report.damage.map((range) => damageBox(frame, range)),
    ...report.plan.segments.flatMap((plan) => windowLines(frame, plan)),
    ...report.loads.map((load) => segmentLine(frame, load)),
    ...report.loads.map((load) => segmentLabel(frame, load)),
    ...report.damage.map((range) => damageLabel(frame, range)),
  );
}

/** Points of a line of slope one, drawn through every bend of either scale. */
function linePoints(
  { addresses, offsets, left, top }: PictureFrame,
  start: bigint,
  offset: bigint,
  bytes: bigint,
): string {
  const shift = start - offset;
  const bends = [
    start,
    ...addresses.knots(start, start + bytes),
    ...offsets.knots(offset, offset + bytes).map((value) => value + shift),
    start + bytes,
  ].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return bends
    .map((at) => `${(left + addresses.position(at)).toFixed(1)},${(top + offsets.position(at - shift)).toFixed(1)}`)
    .join(' ');
}

function segmentLine(frame: PictureFrame, load: ProgramHeader): string {
  if (load.filesz === 0n) return '';
  const points = linePoints(frame, load.vaddr + frame.report.bias, load.offset, load.filesz);
  const rights = protectionOf(load);
  const meaning = `PT_LOAD ${load.index} ${rightsText(rights)}: ${load.filesz} bytes from file offset ${hex(load.offset)} at ${hex(load.vaddr + frame.report.bias)}`;
  return element('polyline', { class: `line line-${rightsClass(rights)}`, points }, titleElement(meaning));
}

/** What the loader takes from the file for the segment, which may be more than the segment. */
function windowLines(frame: PictureFrame, plan: PictureFrame['report']['plan']['segments'][number]): string[] {
  const className = `window line-${rightsClass(protectionOf(frame.report.loads[plan.segment]))}`;
  const meaning = `PT_LOAD ${frame.report.loads[plan.segment].index} is loaded in steps of ${plan.granularity} bytes`;
  return plan.actions.flatMap((action) => {
    if (!('fileOffset' in action)) return [];
    const missing = action.fileOffset < 0n ? -action.fileOffset : 0n;
    const start = action.start + missing;
    const points = linePoints(frame, start + frame.report.bias, action.fileOffset + missing, action.end - start);
    return [element('polyline', { class: className, points }, titleElement(meaning))];
  });
}

/** The number at the middle of the line's first drawn stretch, above it. */
function segmentLabel({ addresses, offsets, left, top, report }: PictureFrame, load: ProgramHeader): string {
  if (load.filesz === 0n) return '';
  const start = load.vaddr + report.bias;
  const piece = addresses.groups.find(({ to }) => to > start);
  const end = piece !== undefined && piece.to < start + load.filesz ? piece.to : start + load.filesz;
  const middle = start + (end - start) / 2n;
  const x = left + addresses.position(middle) + 8;
  const y = top + offsets.position(middle - start + load.offset) - 6;
  return textElement({ class: 'label', x, y }, `${load.index} ${rightsText(protectionOf(load))}`);
}

/** Pixels a character of a damage label takes at most. */
const DAMAGE_CHARACTER = 7.4;

type Damage = PictureFrame['report']['damage'][number];

/** From the wanted line to the one that was taken, as high as a finger at least. */
function damageFrame({ addresses, offsets, left, top, report }: PictureFrame, { start, end, wanted, got }: Damage) {
  const edges = [wanted, got].flatMap((origin) =>
    origin.kind === 'file'
      ? [offsets.position(origin.fileOffset), offsets.position(origin.fileOffset + end - start)]
      : [],
  );
  const x = left + addresses.position(start + report.bias);
  const width = Math.max(3, left + addresses.position(end + report.bias) - x);
  const [from, to] = edges.length > 0 ? [Math.min(...edges), Math.max(...edges)] : [0, offsets.length];
  return { x, width, y: top + from, height: Math.max(12, to - from) };
}

function damageBox(frame: PictureFrame, range: Damage): string {
  const { start, end, differingBytes, segment, by } = range;
  const { loads } = frame.report;
  const meaning = `PT_LOAD ${loads[by].index} over PT_LOAD ${loads[segment].index}: ${end - start} bytes from the wrong place, ${differingBytes} differ`;
  return element('rect', { class: 'bad-fill', ...damageFrame(frame, range) }, titleElement(meaning));
}

/** Beneath the box and to its left, where no line runs: those go from the upper left to the lower right. */
function damageLabel(frame: PictureFrame, range: Damage): string {
  const { x, y, width, height } = damageFrame(frame, range);
  const text = `${range.end - range.start} bytes damaged, ${range.differingBytes} differ`;
  const hasRoom = x + width - frame.left > text.length * DAMAGE_CHARACTER;
  const place = hasRoom ? { x: x + width, 'text-anchor': 'end' } : { x: frame.left + 6 };
  return textElement({ class: 'bad-text', ...place, y: y + height + 15 }, text);
}
