// SSE on the CPU: single instructions with the results that an Intel processor gave, and the faults around memory operands.
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCpu } from '../../cpu.ts';
import { MXCSR } from '../../state/layout.ts';

const CODE = 0x400000;
const DATA = 0x600000;

function createMachine() {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  const protection = Protection.Read | Protection.Write;
  for (const address of [CODE, DATA]) space.map({ address, length: 0x1000, protection, fixed: 'replace' });
  const cpu = createCpu(memory);
  cpu.attach(space);
  return { memory, space, cpu };
}
let machine: ReturnType<typeof createMachine>;
beforeAll(() => {
  machine = createMachine();
});

interface Setup {
  readonly code: readonly number[];
  readonly xmm?: readonly string[];
  readonly mxcsr?: number;
  readonly rax?: bigint;
  /** Bytes at DATA, which RDI points to. */
  readonly data?: string;
}

const fromHex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).reverse();
const toHex = (bytes: Uint8Array) =>
  [...bytes]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');

/** Runs one instruction followed by INT 0x80. Registers are written as 32 hexadecimal digits, highest byte first. */
function run({ code, xmm = [], mxcsr = 0x1f80, rax = 0n, data = '' }: Setup) {
  const { memory, space, cpu } = machine;
  const readWrite = Protection.Read | Protection.Write;
  // The change of protection drops what was translated before.
  space.protect(CODE, 0x1000, readWrite);
  const codeFrame = space.resolve(CODE, 1);
  memory.u8.set([...code, 0xcd, 0x80], codeFrame);
  space.protect(CODE, 0x1000, Protection.Read | Protection.Execute);
  const dataFrame = space.resolve(DATA, 1);
  memory.u8.set(fromHex(data), dataFrame);
  cpu.resetState();
  cpu.rip = CODE;
  cpu.setRegister(0, rax);
  cpu.setRegister(7, BigInt(DATA));
  memory.i32[(cpu.state + MXCSR) >>> 2] = mxcsr;
  for (const [index, value] of xmm.entries()) cpu.vectorRegister(index).set(fromHex(value));
  const exit = cpu.run(10);
  return {
    exit,
    cpu,
    xmm0: toHex(cpu.vectorRegister(0).subarray(0, 16)),
    upper: toHex(cpu.vectorRegister(0).subarray(16, 32)),
    mxcsr: memory.i32[(cpu.state + MXCSR) >>> 2],
    memory: (length: number) => toHex(memory.u8.subarray(dataFrame, dataFrame + length)),
  };
}

const ONE = '3ff0000000000000';
const TWO = '4000000000000000';
const THREE = '4008000000000000';
const QUIET = '7ff8000000001234';
const SIGNALING = 'fff0000000005678';
const HIGH = '0123456789abcdef';

describe('vector moves', () => {
  it('loads an aligned vector and leaves the upper half of the wide register', () => {
    const { xmm0, upper } = run({ code: [0x66, 0x0f, 0x6f, 0x07], xmm: ['aa'.repeat(16) + '00'.repeat(16)], data: HIGH + ONE });
    expect(xmm0).toBe(HIGH + ONE);
    expect(upper).toBe('aa'.repeat(16));
  });
  it('raises #GP for an unaligned MOVDQA and not for MOVDQU', () => {
    // movdqa xmm0, [rdi+1]; movdqu xmm0, [rdi+1]
    expect(run({ code: [0x66, 0x0f, 0x6f, 0x47, 0x01] }).exit).toEqual({ kind: 'exception', vector: 13 });
    expect(run({ code: [0xf3, 0x0f, 0x6f, 0x47, 0x01] }).exit).toEqual({ kind: 'interrupt', vector: 0x80 });
  });
  it('reports the address of an unmapped operand', () => {
    // movups xmm0, [rdi+0xff8]: crosses into the unmapped page
    expect(run({ code: [0x0f, 0x10, 0x87, 0xf8, 0x0f, 0, 0] }).exit).toMatchObject({ kind: 'fault', address: DATA + 0x1000, access: 0 });
  });
  it('clears the rest for MOVSD from memory and keeps it between registers', () => {
    expect(run({ code: [0xf2, 0x0f, 0x10, 0x07], xmm: [HIGH + HIGH], data: ONE }).xmm0).toBe(`${'0'.repeat(16)}${ONE}`);
    expect(run({ code: [0xf2, 0x0f, 0x10, 0xc1], xmm: [HIGH + HIGH, THREE + TWO] }).xmm0).toBe(HIGH + TWO);
  });
  it('moves halves: MOVHPS, MOVHLPS, MOVQ', () => {
    expect(run({ code: [0x0f, 0x16, 0x07], xmm: [HIGH + ONE], data: TWO }).xmm0).toBe(TWO + ONE);
    expect(run({ code: [0x0f, 0x12, 0xc1], xmm: [HIGH + ONE, THREE + TWO] }).xmm0).toBe(HIGH + THREE);
    expect(run({ code: [0x66, 0x48, 0x0f, 0x6e, 0xc0], xmm: [HIGH + HIGH], rax: 5n }).xmm0).toBe(`${'0'.repeat(31)}5`);
  });
});

describe('packed integers', () => {
  const a = '80ff7f01000102030405060708090a0b';
  const b = '01017f02ff01020380ff10203040f0ff';
  it('saturates bytes', () => {
    expect(run({ code: [0x66, 0x0f, 0xdc, 0xc1], xmm: [a, b] }).xmm0).toBe('81fffe03ff02040684ff16273849faff');
  });
  it('shifts by more than the element: zero, or the sign', () => {
    expect(run({ code: [0x66, 0x0f, 0x72, 0xf0, 32], xmm: [a] }).xmm0).toBe('0'.repeat(32));
    expect(run({ code: [0x66, 0x0f, 0x72, 0xe0, 200], xmm: [a] }).xmm0).toBe(`ffffffff${'0'.repeat(24)}`);
  });
  it('shuffles by an immediate', () => {
    // pshufd xmm0, xmm1, 0x1b reverses the four elements.
    expect(run({ code: [0x66, 0x0f, 0x70, 0xc1, 0x1b], xmm: ['', '00000003000000020000000100000000'] }).xmm0).toBe('00000000000000010000000200000003');
    // shufps xmm0, xmm1, 0x4e: upper half of the first, lower half of the second.
    expect(run({ code: [0x0f, 0xc6, 0xc1, 0x4e], xmm: [HIGH + ONE, TWO + THREE] }).xmm0).toBe(THREE + HIGH);
  });
  it('makes a byte mask', () => {
    expect(run({ code: [0x66, 0x0f, 0xd7, 0xc0], xmm: [a], rax: -1n }).cpu.register(0)).toBe(0xc000n);
  });
});

describe('float arithmetic', () => {
  // op xmm0, xmm1 on scalar doubles
  const scalar = (opcode: number, left: string, right: string, mxcsr?: number) =>
    run({ code: [0xf2, 0x0f, opcode, 0xc1], xmm: [HIGH + left, '0'.repeat(16) + right], mxcsr });
  it('changes the low lane only', () => {
    expect(scalar(0x58, ONE, TWO).xmm0).toBe(HIGH + THREE);
  });
  it('raises precision when the result is rounded, and only then', () => {
    expect(scalar(0x5e, THREE, TWO).mxcsr).toBe(0x1f80);
    expect(scalar(0x5e, ONE, THREE)).toMatchObject({ xmm0: `${HIGH}3fd5555555555555`, mxcsr: 0x1fa0 });
  });
  it('gives the negative default NaN for an invalid operation', () => {
    expect(scalar(0x5e, '0'.repeat(16), '0'.repeat(16))).toMatchObject({ xmm0: `${HIGH}fff8000000000000`, mxcsr: 0x1f81 });
  });
  it('returns the first NaN operand, made quiet', () => {
    expect(scalar(0x58, SIGNALING, QUIET)).toMatchObject({ xmm0: `${HIGH}fff8000000005678`, mxcsr: 0x1f81 });
    expect(scalar(0x58, ONE, QUIET)).toMatchObject({ xmm0: HIGH + QUIET, mxcsr: 0x1f80 });
  });
  it('returns the second operand of MIN for NaN and for zeros', () => {
    expect(scalar(0x5d, QUIET, ONE).xmm0).toBe(HIGH + ONE);
    expect(scalar(0x5d, ONE, SIGNALING).xmm0).toBe(HIGH + SIGNALING);
    expect(scalar(0x5d, '0'.repeat(16), '8000000000000000').xmm0).toBe(`${HIGH}8000000000000000`);
  });
  it('rounds as MXCSR says', () => {
    expect(scalar(0x5e, ONE, THREE, 0x1f80 | (2 << 13)).xmm0).toBe(`${HIGH}3fd5555555555556`);
    expect(scalar(0x58, ONE, '8000000000000001', 0x1f80 | (3 << 13)).xmm0).toBe(`${HIGH}3fefffffffffffff`);
  });
  it('flushes tiny results and reads denormals as zero when asked to', () => {
    const tiny = '0010000000000000';
    expect(scalar(0x59, tiny, '3fe0000000000000', 0x9f80)).toMatchObject({ xmm0: HIGH + '0'.repeat(16), mxcsr: 0x9fb0 });
    expect(scalar(0x58, '0000000000000001', ONE, 0x1fc0)).toMatchObject({ xmm0: HIGH + ONE, mxcsr: 0x1fc0 });
  });
  it('raises #XM for an unmasked exception and changes nothing but the flags', () => {
    const { exit, xmm0, mxcsr, cpu } = scalar(0x5e, ONE, '0'.repeat(16), 0x1d80);
    expect(exit).toEqual({ kind: 'exception', vector: 19 });
    expect({ xmm0, mxcsr, rip: cpu.rip }).toEqual({ xmm0: HIGH + ONE, mxcsr: 0x1d84, rip: CODE });
  });
  it('computes the same on the quick path once precision is raised', () => {
    expect(scalar(0x59, THREE, '3fd5555555555555', 0x1fa0)).toMatchObject({ xmm0: HIGH + ONE, mxcsr: 0x1fa0 });
    expect(scalar(0x51, ONE, TWO, 0x1fa0).xmm0).toBe(`${HIGH}3ff6a09e667f3bcd`);
  });
});

describe('comparison and conversion', () => {
  const flags = (left: string, right: string) =>
    run({ code: [0x66, 0x0f, 0x2e, 0xc1], xmm: [`0000000000000000${left}`, `0000000000000000${right}`] }).cpu.flags & 0x8d5;
  it('sets ZF, PF and CF by UCOMISD', () => {
    expect(flags(TWO, ONE)).toBe(0);
    expect(flags(ONE, TWO)).toBe(0x01);
    expect(flags(ONE, ONE)).toBe(0x40);
    expect(flags(ONE, QUIET)).toBe(0x45);
  });
  it('leaves the flags of the instruction before when COMISD raises #XM', () => {
    // or eax, -1; comisd xmm0, xmm1
    const { exit, cpu } = run({ code: [0x83, 0xc8, 0xff, 0x66, 0x0f, 0x2f, 0xc1], xmm: ['f'.repeat(32)], mxcsr: 0x1f00 });
    expect(exit).toEqual({ kind: 'exception', vector: 19 });
    expect(cpu.flags & 0x8d5).toBe(0x84);
  });
  it('negates predicates in their lane', () => {
    // cmpsd xmm0, xmm1, 5 (not less than)
    expect(run({ code: [0xf2, 0x0f, 0xc2, 0xc1, 5], xmm: [HIGH + ONE, HIGH + ONE] }).xmm0).toBe(HIGH + 'f'.repeat(16));
  });
  it('converts to integers: rounding, truncation, and the indefinite value', () => {
    const convert = (opcode: number, value: string, mxcsr?: number) =>
      run({ code: [0xf2, 0x48, 0x0f, opcode, 0xc0], xmm: [HIGH + value], mxcsr }).cpu.register(0);
    expect(convert(0x2d, '4004000000000000')).toBe(2n);
    expect(convert(0x2d, '4004000000000000', 0x1f80 | (2 << 13))).toBe(3n);
    expect(convert(0x2c, 'c007ffffffffffff')).toBe(BigInt.asUintN(64, -2n));
    expect(convert(0x2c, QUIET)).toBe(1n << 63n);
    expect(convert(0x2c, '43e0000000000000')).toBe(1n << 63n);
    expect(convert(0x2c, 'c3e0000000000000')).toBe(1n << 63n);
  });
  it('converts a large integer with the rounding of MXCSR', () => {
    const convert = (mxcsr: number) => run({ code: [0xf2, 0x48, 0x0f, 0x2a, 0xc0], rax: 0x7fff_ffff_ffff_ffffn, xmm: [HIGH + HIGH], mxcsr });
    expect(convert(0x1f80)).toMatchObject({ xmm0: `${HIGH}43e0000000000000`, mxcsr: 0x1fa0 });
    expect(convert(0x1f80 | (3 << 13)).xmm0).toBe(`${HIGH}43dfffffffffffff`);
  });
});

describe('MXCSR and MMX', () => {
  it('refuses reserved bits', () => {
    expect(run({ code: [0x0f, 0xae, 0x17], data: '00010000' }).exit).toEqual({ kind: 'exception', vector: 13 });
    expect(run({ code: [0x0f, 0xae, 0x17], data: '0000ffc0' })).toMatchObject({ exit: { kind: 'interrupt', vector: 0x80 }, mxcsr: 0xffc0 });
  });
  it('takes the x87 unit over', () => {
    // movq2dq needs MMX state; movq mm1, [rdi]; paddb mm1, mm1; movq2dq xmm0, mm1
    const { xmm0, cpu } = run({ code: [0x0f, 0x6f, 0x0f, 0x0f, 0xfc, 0xc9, 0xf3, 0x0f, 0xd6, 0xc1], xmm: [HIGH + HIGH], data: '0102030405060780' });
    expect(xmm0).toBe('0000000000000000020406080a0c0e00');
    const image = cpu.floatingPointImage();
    expect(image[4]).toBe(0xff);
    expect(toHex(image.subarray(48, 58))).toBe('ffff020406080a0c0e00');
  });
});

describe('SSE3 to SSE4.2', () => {
  it('chooses bytes by PSHUFB', () => {
    // Indices: 0x8f clears, 0x13 counts as 3.
    const xmm = ['0f0e0d0c0b0a09080706050403020100', '8f13000000000000000000000000000f'];
    expect(run({ code: [0x66, 0x0f, 0x38, 0x00, 0xc1], xmm }).xmm0).toBe(`0003${'00'.repeat(13)}0f`);
  });
  it('joins registers by PALIGNR', () => {
    expect(run({ code: [0x66, 0x0f, 0x3a, 0x0f, 0xc1, 8], xmm: [HIGH + ONE, TWO + THREE] }).xmm0).toBe(ONE + TWO);
  });
  it('adds neighbours', () => {
    expect(run({ code: [0x66, 0x0f, 0x7c, 0xc1], xmm: [ONE + TWO, ONE + ONE] }).xmm0).toBe(TWO + THREE);
  });
  it('rounds in the direction of the immediate, with the precision flag or without', () => {
    const half = '4004000000000000';
    const round = (immediate: number) => run({ code: [0x66, 0x0f, 0x3a, 0x0b, 0xc0, immediate], xmm: [HIGH + half] });
    expect(round(2)).toMatchObject({ xmm0: HIGH + THREE, mxcsr: 0x1fa0 });
    expect(round(9)).toMatchObject({ xmm0: HIGH + TWO, mxcsr: 0x1f80 });
  });
  it('tests bits: ZF for no common ones, CF for a subset', () => {
    const test = (left: string, right: string) => run({ code: [0x66, 0x0f, 0x38, 0x17, 0xc1], xmm: [left, right] }).cpu.flags & 0x8d5;
    expect(test(HIGH + ONE, '0'.repeat(32))).toBe(0x41);
    expect(test(HIGH + ONE, HIGH + ONE)).toBe(0x01);
    expect(test('0'.repeat(32), HIGH + ONE)).toBe(0x40);
    expect(test(`${'0'.repeat(31)}1`, `${'0'.repeat(31)}3`)).toBe(0);
  });
  it('takes one element out and clears the rest of the register', () => {
    expect(run({ code: [0x66, 0x0f, 0x3a, 0x16, 0xc0, 3], xmm: [HIGH + ONE], rax: -1n }).cpu.register(0)).toBe(0x01234567n);
  });
  it('finds the end of a string by PCMPISTRI', () => {
    // Equal each, negated within the strings: the first difference of "abc" and "abd", and no end inside it.
    const { cpu } = run({
      code: [0x66, 0x0f, 0x3a, 0x63, 0xc1, 0x1a],
      xmm: [`${'00'.repeat(13)}636261`, `${'00'.repeat(13)}646261`],
    });
    expect(cpu.register(1)).toBe(2n);
    expect(cpu.flags & 0x8d5).toBe(0xc1);
  });
  it('computes CRC-32C', () => {
    // The complement is the checksum of the string "1": 0x90f599e3.
    expect(run({ code: [0xf2, 0x0f, 0x38, 0xf0, 0x07], rax: 0xffff_ffffn, data: '31' }).cpu.register(0)).toBe(0x6f0a661cn);
  });
});
