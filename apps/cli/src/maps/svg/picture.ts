// The picture of one image: file offsets against addresses, what the loader leaves in memory, and what is damaged.
import type { AddressRange } from '@elf/pagesize';
import type { ImageReport } from '../image-report.ts';
import { pageSizeText } from '../../report-numbers.ts';
import { summaryLine } from '../maps-story-text.ts';
import { drawAxes, drawGrid, numbersHeight } from './axes.ts';
import { BrokenScale, pagesAround } from './broken-scale.ts';
import { element, escapeText, textElement } from './element.ts';
import { drawLanes, LANES_HEIGHT } from './lanes.ts';
import { drawLegend, LEGEND_HEIGHT } from './legend.ts';
import type { PictureFrame } from './picture-frame.ts';
import { pictureStyle } from './picture-style.ts';
import { drawPlot } from './plot.ts';

const PLOT_WIDTH = 1040;
const PLOT_HEIGHT = 520;
const LEFT = 110;
const TOP = 92;
/** Room for the last number, which leans to the right. */
const RIGHT = 96;

/** The whole document. */
export function drawPicture(report: ImageReport): string {
  const page = BigInt(report.plan.hostPageBytes);
  const addresses = new BrokenScale(pagesAround(addressPoints(report), page), page, PLOT_WIDTH);
  const offsets = new BrokenScale(drawnOffsets(report, addresses), page, PLOT_HEIGHT);
  const frame: PictureFrame = { report, addresses, offsets, left: LEFT, top: TOP };
  const width = LEFT + Math.max(addresses.length, 640) + RIGHT;
  const height = TOP + offsets.length + LANES_HEIGHT + numbersHeight(addresses) + LEGEND_HEIGHT;
  const name = report.path.slice(report.path.lastIndexOf('/') + 1);
  const heading = `${name}: ${report.plan.policy} on ${pageSizeText(report.plan.hostPageBytes)} pages`;
  const summary = summaryLine(report);
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      role: 'img',
      'aria-labelledby': 'title description',
    },
    element('title', { id: 'title' }, escapeText(heading)),
    element('desc', { id: 'description' }, escapeText(`File offsets against addresses. ${summary}.`)),
    pictureStyle(),
    element('rect', { class: 'paper', width, height }),
    textElement({ class: 'heading', x: LEFT, y: 34 }, heading),
    textElement({ class: 'soft', x: LEFT, y: 56 }, summary.slice(summary.indexOf('AT_PAGESZ'))),
    drawGrid(frame),
    drawPlot(frame),
    drawLanes(frame),
    drawAxes(frame),
    drawLegend(report, addresses.breaks.length + offsets.breaks.length > 0, LEFT, height - LEGEND_HEIGHT),
  )}\n`;
}

/** Borders of segments, of what is mapped for them, and of damage: around these the picture is exact. */
function addressPoints({ loads, plan, damage, bias }: ImageReport): bigint[] {
  const linked = [
    ...loads.flatMap(({ vaddr, filesz, memsz }) => [vaddr, vaddr + filesz, vaddr + memsz]),
    ...plan.segments.flatMap(({ actions }) => actions.flatMap(({ start, end }) => [start, end])),
    ...damage.flatMap(({ start, end }) => [start, end]),
  ];
  return linked.map((address) => address + bias);
}

/** The file bytes of every address that is drawn, so that both scales break at the same places of a line. */
function drawnOffsets({ loads, plan, damage, bias }: ImageReport, addresses: BrokenScale): AddressRange[] {
  const windows = [
    ...loads.map(({ vaddr, offset, filesz }) => ({ start: vaddr, offset, bytes: filesz })),
    ...plan.segments.flatMap(({ actions }) =>
      actions.flatMap((action) =>
        'fileOffset' in action
          ? [{ start: action.start, offset: action.fileOffset, bytes: action.end - action.start }]
          : [],
      ),
    ),
    ...damage.flatMap(({ start, end, wanted, got }) =>
      [wanted, got].flatMap((origin) =>
        origin.kind === 'file' ? [{ start, offset: origin.fileOffset, bytes: end - start }] : [],
      ),
    ),
  ];
  const drawn: AddressRange[] = [];
  for (const { start, offset, bytes } of windows) {
    const shift = start + bias - offset;
    for (const { from, to } of addresses.groups) {
      // The middle two of four ordered borders are the common part, when there is one.
      const [, first, last] = ascending([from, to, start + bias, start + bias + bytes]);
      const isCommon = from < start + bias + bytes && start + bias < to;
      if (isCommon && last > shift) drawn.push({ start: first < shift ? 0n : first - shift, end: last - shift });
    }
  }
  return drawn;
}

function ascending(values: bigint[]): bigint[] {
  return values.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}
