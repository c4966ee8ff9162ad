// Seeded damage to files: the kinds of lies that ELF-shaped input can tell.

/** A small deterministic generator (mulberry32): the same seed gives the same damage on every machine. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

// Values at which counts, sizes and offsets go wrong.
const EDGES = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0xff00n,
  0xffffn,
  0x7fffn,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0xffff_fff0n,
];
const EDGES_64 = [
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  1n << 40n,
];

type Random = () => number;
type Damage = (bytes: Uint8Array, random: Random) => Uint8Array;

const pick = (random: Random, limit: number) => Math.floor(random() * limit);

function putInteger(bytes: Uint8Array, at: number, size: number, value: bigint, little: boolean): void {
  for (let index = 0; index < size && at + index < bytes.length; index++)
    bytes[at + index] = Number((value >> BigInt(8 * (little ? index : size - 1 - index))) & 0xffn);
}

/** A field-shaped place: aligned, more often near the headers at the start and the section headers at the end. */
function fieldPlace(bytes: Uint8Array, random: Random, size: number): number {
  const where = random();
  const span = where < 0.4 ? Math.min(700, bytes.length) : where < 0.7 ? Math.min(2200, bytes.length) : bytes.length;
  const base = where >= 0.4 && where < 0.7 ? bytes.length - span : 0;
  return Math.floor((base + pick(random, Math.max(1, span))) / Math.min(size, 4)) * Math.min(size, 4);
}

const DAMAGES: readonly Damage[] = [
  function edgeValue(bytes, random) {
    const size = [1, 2, 4, 4, 8][pick(random, 5)];
    const edges =
      size === 8
        ? [...EDGES, ...EDGES_64, BigInt(bytes.length)]
        : [...EDGES, BigInt(bytes.length), BigInt(bytes.length - 1)];
    putInteger(bytes, fieldPlace(bytes, random, size), size, edges[pick(random, edges.length)], random() < 0.7);
    return bytes;
  },
  function nudge(bytes, random) {
    const at = fieldPlace(bytes, random, 4);
    bytes[at] = (bytes[at] + pick(random, 17) - 8) & 0xff;
    return bytes;
  },
  function flipBit(bytes, random) {
    bytes[pick(random, bytes.length)] ^= 1 << pick(random, 8);
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.subarray(0, pick(random, bytes.length));
  },
  function copyRange(bytes, random) {
    const size = pick(random, 128) + 1;
    const from = pick(random, bytes.length);
    bytes.copyWithin(pick(random, bytes.length), from, from + size);
    return bytes;
  },
  function fill(bytes, random) {
    const at = pick(random, bytes.length);
    bytes.fill([0, 0xff, 0x41, 1][pick(random, 4)], at, at + pick(random, 64));
    return bytes;
  },
  function pointAtSelf(bytes, random) {
    putInteger(bytes, fieldPlace(bytes, random, 8), 8, BigInt(pick(random, bytes.length)), random() < 0.7);
    return bytes;
  },
];

/** A damaged copy: one to six kinds of damage. */
export function mutate(seed: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = seed.slice();
  for (let rounds = 1 + pick(random, 6); rounds > 0 && bytes.length > 0; rounds--)
    bytes = DAMAGES[pick(random, DAMAGES.length)](bytes, random);
  return bytes;
}
