// The lanes beneath the plot: memory as it should be, as it is, and where the two differ.
import { memoryAfter } from '@elf/pagesize';
import { hex } from '../../report-numbers.ts';
import { rightsText } from '../maps-story-text.ts';
import { element, textElement } from './element.ts';
import { bar, type PictureFrame } from './picture-frame.ts';
import { rightsClass } from './picture-style.ts';
import { protectionOf } from './plot.ts';

const LANE_HEIGHT = 20;
const LANE_DISTANCE = 28;
const LANES_TOP = 18;
const LANE_COUNT = 4;
/** Height of all lanes with the space around them. */
export const LANES_HEIGHT = LANES_TOP + LANE_COUNT * LANE_DISTANCE;
/** A bar narrower than this bears no text. */
const NARROWEST_TEXT = 22;

/** Four lanes: wanted, got, damaged bytes, other permissions. */
export function drawLanes(frame: PictureFrame): string {
  const y = (lane: number) => frame.top + frame.offsets.length + LANES_TOP + lane * LANE_DISTANCE;
  const { report, left } = frame;
  const names = ['wanted', 'in memory', 'damage', 'permissions'];
  return element(
    'g',
    {},
    ...names.map((name, lane) =>
      textElement({ class: 'soft', x: left - 8, y: y(lane) + 14, 'text-anchor': 'end' }, name),
    ),
    ...report.loads.flatMap((load) => wantedBars(frame, load, y(0))),
    ...memoryBars(frame, y(1)),
    ...report.damage.map((range) =>
      bar(
        frame,
        range,
        y(2),
        LANE_HEIGHT,
        'bad-fill',
        `${range.end - range.start} damaged bytes, ${range.differingBytes} differ`,
      ),
    ),
    ...report.protectionChanges.flatMap((change) => {
      const meaning = `wanted ${rightsText(change.wanted)}, got ${rightsText(change.got)}`;
      return [
        bar(frame, change, y(3), LANE_HEIGHT, 'rights', meaning),
        barText(frame, change, y(3), rightsText(change.got), 'small'),
      ];
    }),
  );
}

function wantedBars(frame: PictureFrame, load: PictureFrame['report']['loads'][number], y: number): string[] {
  const { index, vaddr, filesz, memsz } = load;
  const rights = protectionOf(load);
  const fill = `fill-${rightsClass(rights)}`;
  const fileEnd = memsz > filesz ? vaddr + filesz : vaddr + memsz;
  const whole = { start: vaddr, end: vaddr + memsz };
  return [
    filesz > 0n
      ? bar(
          frame,
          { start: vaddr, end: fileEnd },
          y,
          LANE_HEIGHT,
          fill,
          `PT_LOAD ${index} ${rightsText(rights)}, from the file`,
        )
      : '',
    memsz > filesz
      ? bar(
          frame,
          { start: fileEnd, end: whole.end },
          y,
          LANE_HEIGHT,
          `${fill} zeros`,
          `PT_LOAD ${index} ${rightsText(rights)}, zeros`,
        )
      : '',
    barText(
      frame,
      filesz > 0n ? { start: vaddr, end: fileEnd } : whole,
      y,
      String(index),
      filesz > 0n ? 'bar-text' : 'small',
    ),
  ];
}

/** What the plan leaves in memory: whose bytes, with which permissions. Pieces that look alike are one bar. */
function memoryBars(frame: PictureFrame, y: number): string[] {
  const { loads, plan } = frame.report;
  const bars: { start: bigint; end: bigint; segment: number; className: string; meaning: string }[] = [];
  for (const { start, end, origin, segment, protection } of memoryAfter(plan)) {
    const source = origin.kind === 'file' ? `from file offset ${hex(origin.fileOffset)}` : 'zeros';
    const className = `fill-${rightsClass(protection)}${origin.kind === 'zero' ? ' zeros' : ''}`;
    const previous = bars.at(-1);
    if (previous?.end === start && previous.className === className && previous.segment === segment) previous.end = end;
    else
      bars.push({
        start,
        end,
        segment,
        className,
        meaning: `by PT_LOAD ${loads[segment].index}, ${rightsText(protection)}, ${source}`,
      });
  }
  return bars.flatMap((piece) => [
    bar(frame, piece, y, LANE_HEIGHT, piece.className, piece.meaning),
    barText(
      frame,
      piece,
      y,
      String(loads[piece.segment].index),
      piece.className.endsWith('zeros') ? 'small' : 'bar-text',
    ),
  ]);
}

/** Text in the middle of a bar that is wide enough for it. */
function barText(
  { addresses, left, report }: PictureFrame,
  { start, end }: { start: bigint; end: bigint },
  y: number,
  text: string,
  className: string,
): string {
  const from = addresses.position(start + report.bias);
  const to = addresses.position(end + report.bias);
  if (to - from < NARROWEST_TEXT) return '';
  return textElement({ class: className, x: left + (from + to) / 2, y: y + 14, 'text-anchor': 'middle' }, text);
}
