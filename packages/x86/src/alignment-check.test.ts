// #AC and the areas of FXSAVE, XSAVE and FNSTENV: what a misaligned one raises with and without EFLAGS.AC (measured on Sapphire Rapids).
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from './cpu.ts';

const CODE = 0x400000;
const AREA = 0x600000;
const AC = 0x40000;
const [GENERAL_PROTECTION, ALIGNMENT_CHECK] = [13, 17];

/** Runs one instruction whose operand is at RDI, and SYSCALL, with XCR0's legacy components asked for. */
function run(code: readonly number[], address: bigint, flags: number) {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  const rights = Protection.Read | Protection.Write;
  space.map({ address: CODE, length: 0x1000, protection: rights, fixed: 'replace' });
  space.map({ address: AREA, length: 0x2000, protection: rights, fixed: 'replace' });
  new UserMemory(space).write(CODE, Uint8Array.from([...code, ...SYSCALL]));
  space.protect(CODE, 0x1000, Protection.Read | Protection.Execute);
  const cpu = createCpu(memory);
  cpu.attach(space);
  cpu.rip = CODE;
  cpu.flags |= flags;
  cpu.setRegister(7, address);
  cpu.setRegister(0, 3n);
  return cpu.run(100);
}

const SYSCALL = [0x0f, 0x05];
const FXSAVE = [0x0f, 0xae, 0x07];
const FXRSTOR = [0x0f, 0xae, 0x0f];
const XSAVE = [0x0f, 0xae, 0x27];
const FNSTENV = [0xd9, 0x37];

describe('alignment checks of state areas', () => {
  it.each([
    ['FXSAVE', FXSAVE],
    ['FXRSTOR', FXRSTOR],
    ['XSAVE', XSAVE],
  ])('%s: #AC off 4 bytes while it is checked, #GP otherwise', (_, code) => {
    for (const [offset, flags, vector] of [
      [1, AC, ALIGNMENT_CHECK],
      [6, AC, ALIGNMENT_CHECK],
      [4, AC, GENERAL_PROTECTION],
      [8, AC, GENERAL_PROTECTION],
      [1, 0, GENERAL_PROTECTION],
      [4, 0, GENERAL_PROTECTION],
    ])
      expect(run(code, BigInt(AREA + offset), flags)).toEqual({ kind: 'exception', vector });
    expect(run(code, BigInt(AREA), AC)).toEqual({ kind: 'system-call' });
  });

  it('FNSTENV: #AC off 4 bytes, but #GP where the address is not canonical', () => {
    expect(run(FNSTENV, BigInt(AREA + 2), AC)).toEqual({ kind: 'exception', vector: ALIGNMENT_CHECK });
    expect(run(FNSTENV, BigInt(AREA + 2), 0)).toEqual({ kind: 'system-call' });
    expect(run(FNSTENV, 0x8000_0000_0001n, AC)).toEqual({ kind: 'exception', vector: GENERAL_PROTECTION });
  });
});
