// The smallest ELF program: a file header, one PT_LOAD at 0x400000 that can be read and executed, and code behind them.

/** Where the code starts in the file; with a segment from offset 0 on, 0x400000 more in memory. */
const CODE_OFFSET = 128;
const SEGMENT_ADDRESS = 0x400000;

/** The parts that differ between programs, sizes in bytes. */
export interface SmallProgram {
  readonly fileBytes: number;
  /** p_offset; anything but a multiple of the page makes the program one that Linux gives up on. */
  readonly segmentOffset?: number;
  readonly code?: readonly (readonly number[])[];
  /** An i386 program instead of an x86-64 one. */
  readonly isNarrow?: boolean;
}

/** The program's file. */
export function smallProgram({ fileBytes, segmentOffset = 0, code = [], isNarrow = false }: SmallProgram): Uint8Array {
  const program = new Uint8Array(fileBytes);
  const segmentBytes = fileBytes - segmentOffset;
  program.set(isNarrow ? narrowHeaders(segmentOffset, segmentBytes) : wideHeaders(segmentOffset, segmentBytes));
  program.set(code.flat(), CODE_OFFSET);
  return program;
}

/** File header and one program header of an i386 program. */
function narrowHeaders(offset: number, size: number): Uint8Array {
  const headers = new Uint8Array(84);
  const view = new DataView(headers.buffer);
  headers.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint32(16, 0x3_0002, true); // ET_EXEC, EM_386
  view.setUint32(24, SEGMENT_ADDRESS + CODE_OFFSET, true);
  view.setUint32(28, 52, true);
  view.setUint32(42, 0x1_0020, true); // one program header of 32 bytes
  [1, offset, SEGMENT_ADDRESS, 0, size, size, 5].forEach((word, index) => {
    view.setUint32(52 + index * 4, word, true);
  });
  return headers;
}

function wideHeaders(segmentOffset: number, segmentBytes: number): Uint8Array {
  const program = new Uint8Array(120);
  const view = new DataView(program.buffer);
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint32(16, 0x3e_0002, true); // ET_EXEC, x86-64
  view.setBigUint64(24, BigInt(SEGMENT_ADDRESS + CODE_OFFSET), true);
  view.setBigUint64(32, 64n, true);
  view.setUint32(54, 0x1_0038, true); // one program header of 56 bytes
  view.setUint32(64, 1, true); // PT_LOAD, readable and executable
  view.setUint32(68, 5, true);
  [segmentOffset, SEGMENT_ADDRESS, 0, segmentBytes, segmentBytes].forEach((word, index) => {
    view.setBigUint64(72 + index * 8, BigInt(word), true);
  });
  return program;
}
