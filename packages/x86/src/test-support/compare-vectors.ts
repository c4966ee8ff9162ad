// Compares two XSAVE images in the standard format: x87, MXCSR, xmm and ymm.

/** Parts of the image that are compared as bytes; 6 bytes behind each x87 register are reserved. */
const CONTROL: readonly (readonly [name: string, from: number, to: number])[] = [
  ['x87 control word', 0, 2],
  ['x87 status word', 2, 4],
  ['x87 tags', 4, 5],
  ['x87 opcode', 6, 8],
  ['x87 instruction pointer', 8, 16],
  ['x87 data pointer', 16, 24],
  ['mxcsr', 24, 28],
];
const STACK_AT = 32;
const XMM_AT = 160;
const XMM_END = 416;
const UPPER_AT = 576;
const UPPER_END = 832;
const C1 = 0x200;

/**
 * What differs, in words.
 * @param isLoose a transcendental x87 instruction was executed: one unit in the last place and C1 may differ (SDM vol. 1, section 8.3.10)
 */
export function compareVectors(native: Buffer, ours: Uint8Array, isLoose: boolean): string[] {
  if (
    native.compare(ours, 0, STACK_AT - 4, 0, STACK_AT - 4) === 0 &&
    native.compare(ours, STACK_AT, XMM_END, STACK_AT, XMM_END) === 0 &&
    native.compare(ours, UPPER_AT, UPPER_END, UPPER_AT, UPPER_END) === 0
  )
    return [];
  const mine = Buffer.from(ours);
  const what: string[] = [];
  const compare = (name: string, from: number, to: number) => {
    if (native.compare(mine, from, to, from, to) === 0) return;
    const text = (image: Buffer) => Buffer.from(image.subarray(from, to)).reverse().toString('hex');
    what.push(`${name}: native ${text(native)}, ours ${text(mine)}`);
  };
  for (const [name, from, to] of CONTROL) {
    if (isLoose && name === 'x87 status word' && ((native.readUInt16LE(2) ^ mine.readUInt16LE(2)) & ~C1) === 0)
      continue;
    compare(name, from, to);
  }
  for (let register = 0; register < 8; register += 1) {
    const at = STACK_AT + 16 * register;
    if (isLoose && isNeighbour(native, mine, at)) continue;
    compare(`st${register}`, at, at + 10);
  }
  for (let register = 0; register < 16; register += 1) {
    compare(`xmm${register}`, XMM_AT + 16 * register, XMM_AT + 16 * register + 16);
    compare(`ymm${register}, upper half`, UPPER_AT + 16 * register, UPPER_AT + 16 * register + 16);
  }
  return what;
}

function isNeighbour(left: Buffer, right: Buffer, at: number): boolean {
  const distance = left.readBigUInt64LE(at) - right.readBigUInt64LE(at);
  return left.readUInt16LE(at + 8) === right.readUInt16LE(at + 8) && distance >= -1n && distance <= 1n;
}
