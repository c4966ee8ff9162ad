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
}

/** The program's file. */
export function smallProgram({ fileBytes, segmentOffset = 0, code = [] }: SmallProgram): Uint8Array {
  const program = new Uint8Array(fileBytes);
  const view = new DataView(program.buffer);
  program.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint32(16, 0x3e_0002, true); // ET_EXEC, x86-64
  view.setBigUint64(24, BigInt(SEGMENT_ADDRESS + CODE_OFFSET), true);
  view.setBigUint64(32, 64n, true);
  view.setUint32(54, 0x1_0038, true); // one program header of 56 bytes
  view.setUint32(64, 1, true); // PT_LOAD, readable and executable
  view.setUint32(68, 5, true);
  const segmentBytes = fileBytes - segmentOffset;
  [segmentOffset, SEGMENT_ADDRESS, 0, segmentBytes, segmentBytes].forEach((word, index) => {
    view.setBigUint64(72 + index * 8, BigInt(word), true);
  });
  program.set(code.flat(), CODE_OFFSET);
  return program;
}
