// x87 programs on the CPU: precise faults, pending exceptions, state images, the instruction pointer.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from '../../cpu.ts';

const CODE = 0x400000;
const DATA = 0x600000;
const RAX = 0;
const RDI = 7;
const WRITABLE = Protection.Read | Protection.Write;

// rdi points to the data page, of which only the first page is mapped unless `pages` says more.
function machine(code: number[], data: number[] = [], pages = 2) {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  const user = new UserMemory(space);
  space.map({ address: CODE, length: 0x1000, protection: WRITABLE, fixed: 'replace' });
  space.map({ address: DATA, length: pages * 0x1000, protection: WRITABLE, fixed: 'replace' });
  user.write(CODE, Uint8Array.from([...code, 0x0f, 0x05]));
  user.write(DATA, Uint8Array.from(data));
  space.protect(CODE, 0x1000, Protection.Read | Protection.Execute);
  const cpu = createCpu(memory);
  cpu.attach(space);
  cpu.rip = CODE;
  cpu.setRegister(RDI, BigInt(DATA));
  const bytes = (offset: number, length: number) => [...(user.read(DATA + offset, length) as Uint8Array)];
  return { cpu, user, bytes };
}
const fldPi = [0xd9, 0xeb];
const fld1 = [0xd9, 0xe8];
const fldz = [0xd9, 0xee];
const fnstswAx = [0xdf, 0xe0];
const PI = [0x35, 0xc2, 0x68, 0x21, 0xa2, 0xda, 0x0f, 0xc9, 0x00, 0x40];

describe('stores', () => {
  it('leaves the stack alone when the write faults, and completes when it is run again', () => {
    // fldpi; fstp qword [rdi + 0x1ffc]: the second half lies in an unmapped page.
    const { cpu } = machine([...fldPi, 0xdd, 0x9f, 0xfc, 0x1f, 0, 0]);
    expect(cpu.run(10)).toEqual({ kind: 'fault', address: DATA + 0x2000, access: 1, cause: 1 });
    expect(cpu.rip).toBe(CODE + 2);
    const image = cpu.floatingPointImage();
    expect([image[2], image[3], image[4]]).toEqual([0, 0x38, 0x80]);
    cpu.setRegister(RDI, BigInt(DATA - 0x1000));
    expect(cpu.run(10)).toEqual({ kind: 'system-call' });
    expect(cpu.floatingPointImage()[4]).toBe(0);
  });
  it('writes nothing of an 80-bit store whose last bytes fault', () => {
    // fldpi; fstp tbyte [rdi + 0x1ff8]
    const { cpu, bytes } = machine([...fldPi, 0xdb, 0xbf, 0xf8, 0x1f, 0, 0]);
    expect(cpu.run(10).kind).toBe('fault');
    expect(bytes(0x1ff8, 8)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
  it('writes 80 bits across a page', () => {
    // fldpi; fstp tbyte [rdi + 0xffc]; fld tbyte [rdi + 0xffc]; fstp tbyte [rdi]
    const { cpu, bytes } = machine([...fldPi, 0xdb, 0xbf, 0xfc, 0xf, 0, 0, 0xdb, 0xaf, 0xfc, 0xf, 0, 0, 0xdb, 0x3f]);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(bytes(0xffc, 10)).toEqual(PI);
    expect(bytes(0, 10)).toEqual(PI);
  });
  it('does not look at memory where an unmasked exception forbids the write, and counts once', () => {
    // fldcw [rdi]; fstp dword [rdi - 0x10] of an empty register, before the first page; nop; fnstsw ax
    const { cpu } = machine([0xd9, 0x2f, 0xd9, 0x5f, 0xf0, 0x90, ...fnstswAx], [0x7e, 3]);
    expect(cpu.run(100)).toEqual({ kind: 'system-call' });
    expect(cpu.register(RAX) & 0xffffn).toBe(0x80c1n);
    expect(cpu.instructionsRetired).toBe(5);
  });
  it('writes nothing when an unmasked overflow forbids it', () => {
    // fld tbyte [rdi]; fldcw [rdi + 16]; fstp dword [rdi + 32]; fnstsw ax
    const data = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x7f - 1, 0, 0, 0, 0, 0, 0, 0x77, 3];
    const { cpu, bytes } = machine([0xdb, 0x2f, 0xd9, 0x6f, 16, 0xd9, 0x5f, 32, ...fnstswAx], [...data, ...new Array<number>(14).fill(0), 1, 2, 3, 4, 5]);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(bytes(32, 5)).toEqual([1, 2, 3, 4, 5]);
    // OE, ES, B; the value is still there.
    expect(cpu.register(RAX) & 0xffffn).toBe(0xb888n);
  });
});

describe('pending exceptions', () => {
  // fldcw [rdi] unmasks the division by zero; fld1; fldz; fdivp
  const unmasked = [0xd9, 0x2f, ...fld1, ...fldz, 0xde, 0xf9];
  const control = [0x7b, 3];
  it('are raised by the next waiting instruction, with rip at it', () => {
    const { cpu } = machine([...unmasked, 0xd9, 0xe0], control);
    expect(cpu.run(10)).toEqual({ kind: 'exception', vector: 16 });
    expect(cpu.rip).toBe(CODE + 8);
  });
  it('are not raised by fnstsw and vanish with fnclex', () => {
    const { cpu } = machine([...unmasked, ...fnstswAx, 0xdb, 0xe2, 0xd9, 0xe0], control);
    expect(cpu.run(10)).toEqual({ kind: 'system-call' });
    expect(cpu.register(RAX) & 0xffffn).toBe(0xb084n);
  });
  it.each([
    ['fprem', [0xd9, 0xf8]],
    ['fprem1', [0xd9, 0xf5]],
  ])('leave C0 and C3 as they were when a denormal stops %s', (_name, remainder) => {
    // fxam of nothing sets C0 and C3; fld1; fld tbyte [rdi], a denormal; fldcw [rdi + 16]; fprem; fnstsw ax
    const code = [0xd9, 0xe5, ...fld1, 0xdb, 0x2f, 0xd9, 0x6f, 16, ...remainder, ...fnstswAx];
    const { cpu } = machine(code, [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x03]);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(cpu.register(RAX) & 0xffffn).toBe(0xf182n);
  });
  it('vanish with fnstenv, which masks them, and come back with what it saved', () => {
    // fnstenv [rdi + 16]; fnstsw ax; fldenv [rdi + 16]; fabs. feclearexcept of glibc goes this way.
    const { cpu, bytes } = machine([...unmasked, 0xd9, 0x77, 16, ...fnstswAx, 0xd9, 0x67, 16, 0xd9, 0xe1], control);
    expect(cpu.run(10)).toEqual({ kind: 'exception', vector: 16 });
    expect(cpu.rip).toBe(CODE + 16);
    expect(cpu.register(RAX) & 0xffffn).toBe(0x3004n);
    expect([bytes(16, 2), bytes(20, 2)]).toEqual([
      [0x7b, 3],
      [0x84, 0xb0],
    ]);
  });
  it('are raised by fwait and by a control word that unmasks one', () => {
    // fld1; fldz; fdivp masked; fldcw; fwait
    const { cpu } = machine([...fld1, ...fldz, 0xde, 0xf9, 0xd9, 0x2f, 0x9b], control);
    expect(cpu.run(10)).toEqual({ kind: 'exception', vector: 16 });
    expect(cpu.rip).toBe(CODE + 8);
  });
});

describe('images', () => {
  it('have the registers in stack order and the address of the last instruction', () => {
    // fld1; fldpi; fnsave [rdi]
    const { cpu, bytes } = machine([...fld1, ...fldPi, 0xdd, 0x37]);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(bytes(0, 16)).toEqual([0x7f, 3, 0xff, 0xff, 0, 0x30, 0xff, 0xff, 0xff, 0x0f, 0xff, 0xff, 2, 0, 0x40, 0]);
    expect(bytes(28, 10)).toEqual(PI);
    expect(bytes(38, 10)).toEqual([0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f]);
    // FNSAVE initialises.
    expect(cpu.floatingPointImage().slice(0, 5)).toEqual(Uint8Array.of(0x7f, 3, 0, 0, 0));
  });
  it('come back with frstor, fldenv and fxrstor', () => {
    // fldpi; fld1; fnsave [rdi]; frstor [rdi]; fnstenv [rdi + 0x80]; fninit; fldenv [rdi + 0x80]; fxsave [rdi + 0x100];
    // fninit; fxrstor [rdi + 0x100]; fstp tbyte [rdi]; fstp tbyte [rdi + 16]
    const { cpu, bytes } = machine([
      ...fldPi,
      ...fld1,
      0xdd,
      0x37,
      0xdd,
      0x27,
      0xd9,
      0xb7,
      0x80,
      0,
      0,
      0,
      0xdb,
      0xe3,
      0xd9,
      0xa7,
      0x80,
      0,
      0,
      0,
      0x0f,
      0xae,
      0x87,
      0,
      1,
      0,
      0,
      0xdb,
      0xe3,
      0x0f,
      0xae,
      0x8f,
      0,
      1,
      0,
      0,
      0xdb,
      0x3f,
      0xdb,
      0x7f,
      16,
    ]);
    expect(cpu.run(20).kind).toBe('system-call');
    expect(bytes(0, 10)).toEqual([0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f]);
    expect(bytes(16, 10)).toEqual(PI);
    // Status with top 6, tag byte, MXCSR.
    expect(bytes(0x102, 3)).toEqual([0, 0x30, 0xc0]);
    expect(bytes(0x118, 4)).toEqual([0x80, 0x1f, 0, 0]);
  });
  it('fault without a trace, and demand alignment where FXSAVE does', () => {
    // fldpi; fnsave [rdi + 0x1fc0]: the last of 108 bytes is looked at before those between.
    const { cpu, bytes } = machine([...fldPi, 0xdd, 0xb7, 0xc0, 0x1f, 0, 0]);
    expect(cpu.run(10)).toMatchObject({ kind: 'fault', address: DATA + 0x202b });
    expect(bytes(0x1fc0, 0x40)).toEqual(new Array(0x40).fill(0));
    // fxsave [rdi + 8]
    expect(machine([0x0f, 0xae, 0x47, 8]).cpu.run(10)).toEqual({ kind: 'exception', vector: 13 });
  });
});

describe('conditional moves and comparisons', () => {
  it('move by the flags that fcomi sets', () => {
    // fldpi; fld1; fcomi st0, st1 (below); fcmovb st0, st1; fstp tbyte [rdi]
    const { cpu, bytes } = machine([...fldPi, ...fld1, 0xdb, 0xf1, 0xda, 0xc1, 0xdb, 0x3f]);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(cpu.flags & 0x8d5).toBe(1);
    expect(bytes(0, 10)).toEqual(PI);
  });
});
