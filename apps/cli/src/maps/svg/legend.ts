// The legend: only what occurs in the picture.
import { memoryAfter } from '@elf/pagesize';
import { pageSizeText } from '../../report-numbers.ts';
import type { ImageReport } from '../image-report.ts';
import { element, textElement } from './element.ts';
import { RIGHTS_MEANINGS, rightsClass } from './picture-style.ts';
import { protectionOf } from './plot.ts';

/** Height of the legend with the space around it. */
export const LEGEND_HEIGHT = 84;
const ROW_HEIGHT = 24;
const SWATCH = { width: 26, height: 13 };
/** Pixels a character of the legend takes at most. */
const CHARACTER = 6.6;
const ROW_WIDTH = 1000;

/** Draws it from a place on, in as many rows as needed. */
export function drawLegend(report: ImageReport, hasBreaks: boolean, left: number, top: number): string {
  let x = left;
  let y = top + 14;
  const parts = entries(report, hasBreaks).map(({ swatch, text }) => {
    const width = SWATCH.width + 8 + text.length * CHARACTER + 22;
    if (x > left && x + width > left + ROW_WIDTH) {
      x = left;
      y += ROW_HEIGHT;
    }
    const part = swatch(x, y) + textElement({ class: 'small', x: x + SWATCH.width + 8, y: y + 11 }, text);
    x += width;
    return part;
  });
  return element('g', { 'aria-label': 'Legend' }, ...parts);
}

interface LegendEntry {
  readonly swatch: (x: number, y: number) => string;
  readonly text: string;
}

function hasZeros(loads: ImageReport['loads'], plan: ImageReport['plan']): boolean {
  const isZero = memoryAfter(plan).some(({ origin }) => origin.kind === 'zero');
  return isZero || loads.some(({ filesz, memsz }) => memsz > filesz);
}

function entries({ loads, plan, damage, protectionChanges }: ImageReport, hasBreaks: boolean): LegendEntry[] {
  const rights = new Set(
    [...loads.map(protectionOf), ...memoryAfter(plan).map(({ protection }) => protection)].map(rightsClass),
  );
  const box = (className: string) => (x: number, y: number) => element('rect', { class: className, x, y, ...SWATCH });
  const line = (className: string) => (x: number, y: number) =>
    element('line', { class: className, x1: x, x2: x + SWATCH.width, y1: y + 7, y2: y + 7 });
  return [
    ...RIGHTS_MEANINGS.filter(([className]) => rights.has(className)).map(([className, text]) => ({
      swatch: box(`fill-${className}`),
      text,
    })),
    ...(hasZeros(loads, plan) ? [{ swatch: box('fill-rw zeros'), text: 'zeros' }] : []),
    { swatch: line('line line-r'), text: 'bytes of a segment in the file' },
    { swatch: line('window line-r'), text: 'what the loader takes from the file for it' },
    ...(damage.length > 0 ? [{ swatch: box('bad-fill'), text: 'bytes from the wrong place' }] : []),
    ...(protectionChanges.length > 0
      ? [{ swatch: box('rights'), text: 'permissions that are not the wanted ones' }]
      : []),
    { swatch: line('grid'), text: `pages of ${pageSizeText(plan.hostPageBytes)}` },
    ...(hasBreaks ? [{ swatch: box('gap'), text: 'left out of the scale' }] : []),
  ];
}
