// table: Plan 9 a.out magics. Every machine is one row; magic = 4b*b + 7, plus 0x8000 for the expanded header (a.out(6)).

/** A machine of Plan 9 and what its header looks like. */
export interface Plan9Machine {
  readonly magic: number;
  readonly name: string;
  /** Bytes of the header: 40 when it carries a 64-bit entry point. */
  readonly headerSize: 32 | 40;
  readonly pointerSize: 4 | 8;
  /** The unit of the program counter in the line table: the smallest instruction's size. */
  readonly pcQuantum: 1 | 2 | 4;
  /** Where the text segment, header included, is placed; undefined where this package has no loader facts. */
  readonly textAddress: bigint | undefined;
  /** The boundary that the data segment is rounded up to. */
  readonly dataAlignment: bigint | undefined;
}

/** Machines of Plan 9's a.out by magic number (/sys/include/a.out.h). */
// biome-ignore format: one row per line
export const PLAN9_MACHINES: readonly Plan9Machine[] = [
  { magic: 0x0107, name: '68020',    headerSize: 32, pointerSize: 4, pcQuantum: 2, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x01eb, name: '386',      headerSize: 32, pointerSize: 4, pcQuantum: 1, textAddress: 0x1000n,    dataAlignment: 0x1000n },
  { magic: 0x0247, name: 'i960',     headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x02ab, name: 'sparc',    headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0407, name: 'mips',     headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x048b, name: '3210',     headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0517, name: 'mips4000', headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x05ab, name: '29000',    headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0647, name: 'arm',      headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x06eb, name: 'power',    headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0797, name: 'mips4000le', headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined, dataAlignment: undefined },
  { magic: 0x084b, name: 'alpha',    headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0907, name: 'spim',     headerSize: 32, pointerSize: 4, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x09cb, name: 'sparc64',  headerSize: 32, pointerSize: 8, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0d2b, name: 'riscv',    headerSize: 32, pointerSize: 4, pcQuantum: 2, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x0e17, name: 'riscv64',  headerSize: 32, pointerSize: 8, pcQuantum: 2, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x8a97, name: 'amd64',    headerSize: 40, pointerSize: 8, pcQuantum: 1, textAddress: 0x200000n,  dataAlignment: 0x200000n },
  { magic: 0x8b6b, name: 'power64',  headerSize: 40, pointerSize: 8, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
  { magic: 0x8c47, name: 'arm64',    headerSize: 40, pointerSize: 8, pcQuantum: 4, textAddress: undefined,  dataAlignment: undefined },
];
