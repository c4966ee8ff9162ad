// What every part of the picture needs: the report, both scales, and where the plot lies.
import type { AddressRange } from '@elf/pagesize';
import type { ImageReport } from '../image-report.ts';
import type { BrokenScale } from './broken-scale.ts';
import { element, titleElement } from './element.ts';

/** The scales of a picture and where its plot lies. */
export interface PictureFrame {
  readonly report: ImageReport;
  readonly addresses: BrokenScale;
  readonly offsets: BrokenScale;
  readonly left: number;
  readonly top: number;
}

/** A shape for a range of addresses, from `y` on, with what it means. */
export function bar(
  { addresses, left, report }: PictureFrame,
  range: AddressRange,
  y: number,
  height: number,
  className: string,
  meaning: string,
): string {
  const start = addresses.position(range.start + report.bias);
  const end = addresses.position(range.end + report.bias);
  const box = { class: className, x: left + start, y, width: Math.max(1, end - start), height };
  return element('rect', box, titleElement(meaning));
}
