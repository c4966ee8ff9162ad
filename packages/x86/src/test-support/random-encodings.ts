// Random bytes in which prefixes, escapes and VEX are as frequent as in code that tries everything.
import type { Random } from './random.ts';

const PREFIXES = [0x66, 0xf2, 0xf3, 0xf0, 0x67, 0x2e, 0x64, 0x65];
const SHAPES = 8;

/** Fills 16 bytes; `round` chooses the shape, one of eight. */
export function fillEncoding(bytes: Uint8Array, random: Random, round: number): void {
  for (let at = 0; at < bytes.length; at += 4) {
    const word = random.next();
    bytes[at] = word;
    bytes[at + 1] = word >>> 8;
    bytes[at + 2] = word >>> 16;
    bytes[at + 3] = word >>> 24;
  }
  const kind = round % SHAPES;
  if (kind === 1 || kind === 2) bytes[0] = 0x0f;
  if (kind === 3) bytes.set([random.pick(PREFIXES), 0x0f]);
  if (kind === 4) bytes.set([random.pick(PREFIXES), 0x40 + random.below(16)]);
  if (kind === 5) bytes.set([random.pick(PREFIXES), random.pick(PREFIXES), 0x40 + random.below(16), 0x0f]);
  if (kind === 6) bytes.set([0xc4, (random.next() & 0xe0) | (1 + random.below(3))]);
  if (kind === 7) bytes[0] = 0xc5;
}
