// The page grid behind the plot, the breaks, and the numbers along both axes.
import { hex } from '../../report-numbers.ts';
import type { BrokenScale } from './broken-scale.ts';
import { element, textElement } from './element.ts';
import { LANES_HEIGHT } from './lanes.ts';
import type { PictureFrame } from './picture-frame.ts';

/** Guest pages are drawn inside larger host pages when they are at least this wide. */
const SMALLEST_QUARTER = 5;
/** Degrees by which address numbers lean. */
const NUMBER_ANGLE = 35;
/** Pixels between two numbers. */
const NUMBER_DISTANCE = { across: 46, down: 15 };

/** Grid lines at host pages, fainter ones at 4 KiB, and shaded strips where the scale is broken. */
export function drawGrid({ addresses, offsets, left, top, report }: PictureFrame): string {
  const { length: width } = addresses;
  const { length: height } = offsets;
  const guestPage = BigInt(report.plan.guestPageBytes);
  const across = (className: string, step: bigint) =>
    [...addresses.multiples(step)].map(({ position: x }) =>
      element('line', { class: className, x1: left + x, x2: left + x, y1: top, y2: top + height }),
    );
  const down = (className: string, step: bigint) =>
    [...offsets.multiples(step)].map(({ position: y }) =>
      element('line', { class: className, x1: left, x2: left + width, y1: top + y, y2: top + y }),
    );
  return element(
    'g',
    { 'aria-hidden': 'true' },
    ...addresses.breaks.map((piece) =>
      element('rect', { class: 'gap', x: left + piece.start, width: piece.end - piece.start, y: top, height }),
    ),
    ...offsets.breaks.map((piece) =>
      element('rect', { class: 'gap', x: left, width, y: top + piece.start, height: piece.end - piece.start }),
    ),
    ...(isDrawable(addresses, guestPage) ? across('quarter', guestPage) : []),
    ...(isDrawable(offsets, guestPage) ? down('quarter', guestPage) : []),
    ...across('grid', addresses.pageBytes),
    ...down('grid', offsets.pageBytes),
    element('rect', { class: 'frame', x: left, y: top, width, height }),
  );
}

/** Numbers, axis names, and how much each break leaves out. */
export function drawAxes({ addresses, offsets, left, top }: PictureFrame): string {
  const bottom = top + offsets.length + LANES_HEIGHT;
  return element(
    'g',
    {},
    ...spaced(addresses, NUMBER_DISTANCE.across).map(({ value, position }) => {
      const x = left + position;
      return textElement(
        { class: 'number', x, y: bottom + 14, transform: `rotate(${NUMBER_ANGLE} ${x} ${bottom + 14})` },
        hex(value),
      );
    }),
    ...spaced(offsets, NUMBER_DISTANCE.down).map(({ value, position }) =>
      textElement({ class: 'number', x: left - 8, y: top + position + 4, 'text-anchor': 'end' }, hex(value)),
    ),
    // Lines run from the upper left to the lower right: the other two corners are free for the sizes of breaks.
    ...addresses.breaks.map(({ from, to, start, end }) => {
      const x = left + (start + end) / 2 + 4;
      const isLeft = start < addresses.length / 2;
      const y = isLeft ? top + offsets.length - 8 : top + 8;
      const anchor = isLeft ? 'start' : 'end';
      const place = { class: 'small soft', x, y, 'text-anchor': anchor, transform: `rotate(-90 ${x} ${y})` };
      return textElement(place, `${sizeText(to - from)} not drawn`);
    }),
    ...offsets.breaks.map(({ from, to, start, end }) => {
      const y = top + (start + end) / 2 + 4;
      const isLower = start > offsets.length / 2;
      const place = isLower ? { x: left + 8 } : { x: left + addresses.length - 8, 'text-anchor': 'end' };
      return textElement({ class: 'small soft', ...place, y }, `${sizeText(to - from)} not drawn`);
    }),
    textElement({ class: 'soft', x: left - 8, y: top - 14, 'text-anchor': 'end' }, 'file offset'),
    textElement({ class: 'soft', x: left - 8, y: bottom + 14, 'text-anchor': 'end' }, 'address'),
  );
}

/** Room for the address numbers, which hang aslant. */
export function numbersHeight(addresses: BrokenScale): number {
  const characters = hex(addresses.pieces.at(-1)?.to ?? 0n).length;
  return 26 + characters * 6.7 * Math.sin((NUMBER_ANGLE * Math.PI) / 180);
}

function isDrawable(scale: BrokenScale, step: bigint): boolean {
  const [piece] = scale.groups;
  if (piece === undefined || step >= scale.pageBytes) return false;
  return ((piece.end - piece.start) * Number(step)) / Number(piece.to - piece.from) >= SMALLEST_QUARTER;
}

/** Page borders far enough apart to be numbered. */
function spaced(scale: BrokenScale, distance: number): { value: bigint; position: number }[] {
  const chosen: { value: bigint; position: number }[] = [];
  for (const border of scale.multiples(scale.pageBytes)) {
    const previous = chosen.at(-1);
    if (previous === undefined || border.position - previous.position >= distance) chosen.push(border);
  }
  return chosen;
}

/** A size in the unit that keeps it short. */
function sizeText(bytes: bigint): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = Number(bytes);
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
