// Small ELF files for tests of the command: a program that fits every page, one that does not, and libraries.
const PAGE = 0x4000;

interface TinySegment {
  readonly type?: number;
  readonly flags: number;
  readonly offset?: number;
  readonly vaddr: number;
  readonly bytes: number;
  readonly align: number;
}

/** What to write. */
export interface TinyElf {
  readonly type: number;
  readonly machine?: number;
  readonly segments: readonly TinySegment[];
  readonly fileBytes?: number;
}

const GNU_STACK = 0x6474e551;
const INTERP = 3;
const INTERPRETER = Buffer.from('/lib64/ld-linux-x86-64.so.2\0');
const INTERPRETER_AT = 0x400;

/** A 64-bit little-endian file with a PT_GNU_STACK and no sections; programs name glibc's linker. Bytes behind the headers are not zero. */
export function tinyElf({ type, machine = 62, segments, fileBytes = PAGE }: TinyElf): Uint8Array {
  const bytes = new Uint8Array(fileBytes).map((_, index) => (index % 251) + 1);
  const view = new DataView(bytes.buffer);
  const interpreter = { type: INTERP, flags: 4, offset: INTERPRETER_AT, vaddr: 0, bytes: INTERPRETER.length, align: 1 };
  const all: TinySegment[] = [...segments, { type: GNU_STACK, flags: 6, vaddr: 0, bytes: 0, align: 16 }];
  if (type === 2) all.push(interpreter);
  bytes.fill(0, 0, 64 + 56 * all.length);
  if (type === 2) bytes.set(INTERPRETER, INTERPRETER_AT);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, type === 2 ? 0x400200n : 0n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, all.length, true);
  for (const [index, segment] of all.entries()) {
    const at = 64 + 56 * index;
    view.setUint32(at, segment.type ?? 1, true);
    view.setUint32(at + 4, segment.flags, true);
    const words = [segment.offset ?? 0, segment.vaddr, segment.vaddr, segment.bytes, segment.bytes, segment.align];
    for (const [field, word] of words.entries()) view.setBigUint64(at + 8 + 8 * field, BigInt(word), true);
  }
  return bytes;
}

/** Loads everywhere: one segment. */
export const cleanProgram = tinyElf({
  type: 2,
  segments: [{ flags: 5, vaddr: 0x400000, bytes: 0x2000, align: 0x10000 }],
});

/** Code and data in one 16 KiB page, at different distances from their place in the file: damaged by old emulators. */
export const crowdedProgram = tinyElf({
  type: 2,
  segments: [
    { flags: 5, vaddr: 0x400000, bytes: 0x1800, align: 0x1000 },
    { flags: 6, offset: 0x1800, vaddr: 0x402800, bytes: 0x400, align: 0x4000 },
  ],
});

/** A library for 64-bit ARM. */
export function armLibrary(align: number): Uint8Array {
  return tinyElf({ type: 3, machine: 183, segments: [{ flags: 5, vaddr: 0, bytes: 0x1000, align }] });
}
