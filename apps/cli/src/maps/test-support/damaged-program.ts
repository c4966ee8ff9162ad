// A small static program laid out like the executables that started the project: code for 4 KiB pages, data aligned to 16 KiB.

const FILE_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
const FILE_BYTES = 0x8000;
const TABLES = 0x7000;

/** Borders the tests speak of. Code lies at offset + 0x401000, data at offset + 0x400000. */
export const DAMAGED = {
  codeStart: 0x402000,
  codeEnd: 0x4051a0,
  dataStart: 0x4061a0,
  /** First byte of the host page of 16 KiB in which data starts. */
  hostPage: 0x404000,
  codeShift: 0x401000,
  dataShift: 0x400000,
} as const;

/** The byte at a file offset: code and data are patterns, the gap between them zeros. */
export function patternAt(offset: number): number {
  const isGap = offset >= DAMAGED.codeEnd - DAMAGED.codeShift && offset < DAMAGED.dataStart - DAMAGED.dataShift;
  return offset < 0x1000 || isGap ? 0 : (offset * 37 + (offset >> 7)) & 0xff;
}

/** The file. With `interpreter` it names one, otherwise it is static. */
export function damagedProgram(interpreter?: string): Uint8Array {
  const bytes = Uint8Array.from({ length: FILE_BYTES }, (_, offset) => patternAt(offset));
  const view = new DataView(bytes.buffer);
  const segments = [
    [1, 4, 0, 0x400000, 0x1000, 0x1000, 0x1000],
    [1, 5, 0x1000, DAMAGED.codeStart, DAMAGED.codeEnd - DAMAGED.codeStart, DAMAGED.codeEnd - DAMAGED.codeStart, 0x1000],
    [1, 6, 0x61a0, DAMAGED.dataStart, 0x300, 0x2000, 0x4000],
    ...(interpreter === undefined ? [] : [[3, 4, 0x200, 0x400200, interpreter.length + 1, interpreter.length + 1, 1]]),
  ];
  if (interpreter !== undefined) bytes.set(new TextEncoder().encode(`${interpreter}\0`), 0x200);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setBigUint64(24, BigInt(DAMAGED.codeStart), true);
  view.setBigUint64(32, BigInt(FILE_HEADER_BYTES), true);
  view.setUint16(54, PROGRAM_HEADER_BYTES, true);
  view.setUint16(56, segments.length, true);
  segments.forEach(([type, flags, offset, address, fileSize, memorySize, align], index) => {
    const at = FILE_HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, flags, true);
    [offset, address, address, fileSize, memorySize, align].forEach((value, field) => {
      view.setBigUint64(at + 8 + 8 * field, BigInt(value), true);
    });
  });
  writeSections(bytes, view);
  return bytes;
}

/** Section headers, their names, and one symbol. */
function writeSections(bytes: Uint8Array, view: DataView): void {
  const names = ['', '.text', '.plt', '.iplt', '.data', '.symtab', '.strtab', '.shstrtab'];
  const nameTable = new TextEncoder().encode(`${names.join('\0')}\0`);
  const symbolNames = new TextEncoder().encode('\0stub\0');
  const [nameTableAt, symbolsAt, symbolNamesAt] = [TABLES, TABLES + 0x100, TABLES + 0x180];
  bytes.fill(0, TABLES);
  bytes.set(nameTable, nameTableAt);
  bytes.set(symbolNames, symbolNamesAt);
  const symbol = symbolsAt + SYMBOL_BYTES;
  view.setUint32(symbol, 1, true);
  view.setUint8(symbol + 4, 0x12);
  view.setUint16(symbol + 6, 2, true);
  view.setBigUint64(symbol + 8, 0x404810n, true);
  view.setBigUint64(symbol + 16, 0x20n, true);
  const rows = [
    [0, 0, 0, 0, 0, 0, 0],
    [1, 6, 0x402000, 0x1000, 0x2800, 0, 0],
    [1, 6, 0x404800, 0x3800, 0x8a0, 0, 0],
    [1, 6, 0x4050a0, 0x40a0, 0x100, 0, 0],
    [1, 3, DAMAGED.dataStart, 0x61a0, 0x300, 0, 0],
    [2, 0, 0, symbolsAt, 2 * SYMBOL_BYTES, 6, SYMBOL_BYTES],
    [3, 0, 0, symbolNamesAt, symbolNames.length, 0, 0],
    [3, 0, 0, nameTableAt, nameTable.length, 0, 0],
  ];
  const headersAt = TABLES + 0x200;
  rows.forEach(([type, flags, address, offset, size, link, entrySize], index) => {
    const at = headersAt + index * SECTION_HEADER_BYTES;
    const nameOffset = names.slice(0, index).reduce((sum, name) => sum + name.length + 1, 0);
    view.setUint32(at, nameOffset, true);
    view.setUint32(at + 4, type, true);
    [flags, address, offset, size].forEach((value, field) => {
      view.setBigUint64(at + 8 + 8 * field, BigInt(value), true);
    });
    view.setUint32(at + 40, link, true);
    view.setBigUint64(at + 48, 1n, true);
    view.setBigUint64(at + 56, BigInt(entrySize), true);
  });
  view.setBigUint64(40, BigInt(headersAt), true);
  view.setUint16(58, SECTION_HEADER_BYTES, true);
  view.setUint16(60, rows.length, true);
  view.setUint16(62, rows.length - 1, true);
}

/** A program of many small segments far apart, each 0x1234 bytes. */
export function manySegments(count: number): Uint8Array {
  const bytes = new Uint8Array(0x2000 * (count + 1));
  const view = new DataView(bytes.buffer);
  bytes.set(damagedProgram().subarray(0, FILE_HEADER_BYTES));
  view.setBigUint64(40, 0n, true);
  view.setUint16(56, count, true);
  view.setUint16(60, 0, true);
  for (let index = 0; index < count; index++) {
    const at = FILE_HEADER_BYTES + index * PROGRAM_HEADER_BYTES;
    const offset = BigInt(0x2000 * (index + 1));
    const address = 0x400000n + (BigInt(index) << (index % 3 === 0 ? 30n : 16n)) + offset;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, [4, 5, 6][index % 3], true);
    [offset, address, address, 0x1234n, index % 3 === 2 ? 0x4321n : 0x1234n, 0x1000n].forEach((value, field) => {
      view.setBigUint64(at + 8 + 8 * field, value, true);
    });
  }
  view.setBigUint64(24, 0x412000n, true);
  return bytes;
}
