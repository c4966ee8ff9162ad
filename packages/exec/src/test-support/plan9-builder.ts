// Builds Plan 9 a.out files for tests, field by field and as wrong as a test wants them.

/** What to build; sizes default to those of the parts. */
export interface BuiltPlan9 {
  readonly machine: '386' | 'amd64';
  readonly text?: Uint8Array;
  readonly data?: Uint8Array;
  readonly bss?: number;
  /** Symbols and line table: what follows the data in the file. */
  readonly symbols?: Uint8Array;
  readonly entry?: number | bigint;
  readonly magic?: number;
  /** Sizes the header claims instead of the true ones. */
  readonly textSize?: number;
  readonly dataSize?: number;
  /** Bytes behind everything the header knows. */
  readonly trailing?: number;
}

const MACHINES = {
  '386': { magic: 0x1eb, headerBytes: 32, entry: 0x1020n },
  amd64: { magic: 0x8a97, headerBytes: 40, entry: 0x200028n },
};

/** Bytes that differ from each other and from zero, so that a shift by one is seen. */
export function patternBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 1 + ((index * 7 + seed + (index >>> 8) * 31) % 255));
}

/** The file's bytes: header, text, data, symbols, nothing between them. */
export function buildPlan9(program: BuiltPlan9): Uint8Array {
  const { magic, headerBytes, entry } = MACHINES[program.machine];
  const text = program.text ?? patternBytes(100, 1);
  const data = program.data ?? patternBytes(50, 2);
  const symbols = program.symbols ?? new Uint8Array(0);
  const body = [text, data, symbols, new Uint8Array(program.trailing ?? 0).fill(0xee)];
  const bytes = new Uint8Array(headerBytes + body.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(bytes.buffer);
  const start = BigInt(program.entry ?? entry);
  const words = [
    program.magic ?? magic,
    program.textSize ?? text.length,
    program.dataSize ?? data.length,
    program.bss ?? 0,
    symbols.length,
    Number(BigInt.asUintN(32, start)),
    0,
    0,
  ];
  words.forEach((word, index) => {
    view.setUint32(4 * index, word);
  });
  if (headerBytes === 40) view.setBigUint64(32, start);
  let offset = headerBytes;
  for (const part of body) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
