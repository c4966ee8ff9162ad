// The CPU runs small machine-code programs: arithmetic, flags, memory, calls, faults, self-modifying code.
import { AddressSpace, bytesBacking, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from './cpu.ts';

const CODE = 0x400000;
const DATA = 0x600000;

function machine(code: number[], protection = Protection.Read | Protection.Execute) {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  space.map({ address: CODE, length: 0x2000, protection: Protection.Read | Protection.Write, fixed: 'replace' });
  space.map({ address: DATA, length: 0x2000, protection: Protection.Read | Protection.Write, fixed: 'replace' });
  new UserMemory(space).write(CODE, Uint8Array.from(code));
  space.protect(CODE, 0x2000, protection);
  const cpu = createCpu(memory);
  cpu.attach(space);
  cpu.rip = CODE;
  cpu.setRegister(4, BigInt(DATA + 0x1000));
  return { cpu, space, user: new UserMemory(space) };
}

describe('cpu', () => {
  it('adds and stops at a system call', () => {
    // mov eax, 5; add eax, -7; syscall
    const { cpu } = machine([0xb8, 5, 0, 0, 0, 0x83, 0xc0, 0xf9, 0x0f, 0x05]);
    expect(cpu.run(1000)).toEqual({ kind: 'system-call' });
    expect(cpu.register(0)).toBe(0xffff_fffen);
    expect(cpu.rip).toBe(CODE + 10);
    expect(cpu.register(1)).toBe(BigInt(CODE + 10));
    expect(Number(cpu.register(11)) & 0x8d5).toBe(0x80);
    expect(cpu.instructionsRetired).toBe(3);
  });
  it('loops with memory operands', () => {
    // mov ecx, 10; xor eax, eax; L: add eax, ecx; mov [rsp-8], eax; dec ecx; jne L; syscall
    const { cpu, user } = machine([
      0xb9, 10, 0, 0, 0, 0x31, 0xc0, 0x01, 0xc8, 0x89, 0x44, 0x24, 0xf8, 0xff, 0xc9, 0x75, 0xf6, 0x0f, 0x05,
    ]);
    expect(cpu.run(1000).kind).toBe('system-call');
    expect(cpu.register(0)).toBe(55n);
    expect(user.readU32(DATA + 0xff8)).toBe(55);
    expect(cpu.instructionsRetired).toBe(2 + 40 + 1);
  });
  it('calls and returns', () => {
    // call +2; syscall; mov eax, 7; ret
    const { cpu } = machine([0xe8, 2, 0, 0, 0, 0x0f, 0x05, 0xb8, 7, 0, 0, 0, 0xc3]);
    expect(cpu.run(1000).kind).toBe('system-call');
    expect(cpu.register(0)).toBe(7n);
    expect(cpu.register(4)).toBe(BigInt(DATA + 0x1000));
  });
  it('reports a fault at the instruction with the flags as they were', () => {
    // stc; mov eax, 3; cmp eax, 3; mov ebx, [0x10]; inc eax
    const { cpu } = machine([0xf9, 0xb8, 3, 0, 0, 0, 0x83, 0xf8, 3, 0x8b, 0x1c, 0x25, 0x10, 0, 0, 0, 0xff, 0xc0]);
    expect(cpu.run(1000)).toEqual({ kind: 'fault', address: 0x10, access: 0, cause: 1 });
    expect(cpu.rip).toBe(CODE + 9);
    expect(cpu.flags & 0x8d5).toBe(0x44);
    expect(cpu.register(0)).toBe(3n);
    expect(cpu.instructionsRetired).toBe(3);
  });
  it('sees its own code change', () => {
    // mov byte [rip+1], 9; mov al, 1; syscall: the immediate of the second instruction is overwritten by the first.
    const code = [0xc6, 0x05, 1, 0, 0, 0, 9, 0xb0, 1, 0x0f, 0x05];
    const { cpu } = machine(code, Protection.Read | Protection.Write | Protection.Execute);
    expect(cpu.run(1000).kind).toBe('system-call');
    expect(cpu.register(0)).toBe(9n);
    expect(cpu.instructionsRetired).toBe(3);
  });
  it('sees a store change code on both pages that it crosses, and forgets both', () => {
    // At the border of two pages: mov [rdi], rcx; call rsi; call rdx; syscall, where rsi and rdx end in the bytes that are stored.
    const everything = Protection.Read | Protection.Write | Protection.Execute;
    const { cpu, space, user } = machine([0x48, 0x89, 0x0f, 0xff, 0xd6, 0xff, 0xd2, 0x0f, 0x05], everything);
    const border = DATA + 0x1000;
    space.protect(DATA, 0x2000, everything);
    // Before the border: mov al, 1; ret. Behind it: mov bl, 1; ret. What is stored makes both 2.
    user.write(border - 3, Uint8Array.of(0xb0, 1, 0xc3, 0xb3, 1, 0xc3, 0x90, 0x90));
    const stack = BigInt(CODE + 0x1800);
    const runWith = (stored: bigint) => {
      cpu.rip = CODE;
      cpu.setRegister(1, stored);
      cpu.setRegister(4, stack);
      cpu.setRegister(7, BigInt(border - 3));
      cpu.setRegister(6, BigInt(border - 3));
      cpu.setRegister(2, BigInt(border));
      return cpu.run(1000);
    };
    expect(runWith(0x9090_c301_b3c3_01b0n)).toEqual({ kind: 'system-call' });
    expect([cpu.register(0) & 0xffn, cpu.register(3) & 0xffn]).toEqual([1n, 1n]);
    expect(runWith(0x9090_c302_b3c3_02b0n)).toEqual({ kind: 'system-call' });
    expect([cpu.register(0) & 0xffn, cpu.register(3) & 0xffn]).toEqual([2n, 2n]);
    // Taking the second page away takes its code away too.
    space.protect(border, 0x1000, Protection.None);
    cpu.rip = border;
    expect(cpu.run(1000)).toMatchObject({ kind: 'fault', address: border, access: 2 });
  });
  it('gathers nothing that the mask leaves out when a load makes the memory grow', () => {
    // vpgatherdd xmm1, [rax+xmm2], xmm3; syscall
    const { cpu, space } = machine([0xc4, 0xe2, 0x61, 0x90, 0x0c, 0x10, 0x0f, 0x05]);
    const { memory } = space;
    const FILE = 0x700000;
    const backing = bytesBacking(new Uint8Array(0x1000).fill(0x5a));
    space.map({ address: FILE, length: 0x1000, protection: Protection.Read, fixed: 'replace', backing });
    // All frames that can be had without growing are taken, so that the file's page needs more.
    const growsAfter = () => {
      const { buffer } = memory.u8;
      let frames = 0;
      for (; memory.u8.buffer === buffer; frames++) memory.allocateFrame();
      return frames;
    };
    growsAfter();
    for (let left = growsAfter() - 1; left > 0; left--) memory.allocateFrame();
    cpu.setRegister(0, BigInt(FILE));
    const [target, indices, mask] = [1, 2, 3].map(
      (register) => new DataView(cpu.vectorRegister(register).slice(0, 16).buffer),
    );
    target.setUint32(4, 0x1111, true);
    // Element 1 would fault, and its mask is clear.
    indices.setInt32(4, -0x10_0000, true);
    mask.setUint32(0, 0x8000_0000, true);
    for (const [index, view] of [target, indices, mask].entries())
      cpu.vectorRegister(index + 1).set(new Uint8Array(view.buffer));
    const { buffer } = memory.u8;
    expect(cpu.run(10)).toEqual({ kind: 'system-call' });
    expect(memory.u8.buffer).not.toBe(buffer);
    expect(Buffer.from(cpu.vectorRegister(1)).readBigUInt64LE(0)).toBe(0x1111_5a5a_5a5an);
  });
  it('has a time-stamp counter that goes on within a block', () => {
    // rdtsc; mov ebx, eax; rdtsc; syscall
    const { cpu } = machine([0x0f, 0x31, 0x89, 0xc3, 0x0f, 0x31, 0x0f, 0x05]);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(cpu.registerLow(0)).toBeGreaterThan(cpu.registerLow(3));
  });
  it('refuses to tell the time while CR4.TSD is set, in saved states too', () => {
    // rdtsc; rdtscp
    for (const code of [
      [0x0f, 0x31],
      [0x0f, 0x01, 0xf9],
    ]) {
      const { cpu } = machine([...code, 0x0f, 0x05]);
      cpu.setRegister(1, 7n);
      cpu.timeStampDisabled = true;
      const saved = cpu.saveState();
      cpu.timeStampDisabled = false;
      expect(cpu.run(10).kind).toBe('system-call');
      cpu.restoreState(saved);
      expect(cpu.run(10)).toEqual({ kind: 'exception', vector: 13 });
      expect([cpu.rip, cpu.register(1)]).toEqual([CODE, 7n]);
    }
  });
  it('names what it does not know', () => {
    const { cpu } = machine([0x0f, 0x04, 0x90]);
    expect(cpu.run(10)).toMatchObject({ kind: 'unsupported' });
    expect(cpu.rip).toBe(CODE);
    // vaddps zmm0, zmm0, zmm0
    expect(machine([0x62, 0xf1, 0x7c, 0x48, 0x58, 0xc0]).cpu.run(10)).toMatchObject({
      kind: 'unsupported',
      mnemonic: 'EVEX-encoded instruction (AVX-512)',
    });
  });
  it('divides 128 by 64 bits', () => {
    // div rbx
    const { cpu } = machine([0x48, 0xf7, 0xf3, 0x0f, 0x05]);
    cpu.setRegister(2, 5n);
    cpu.setRegister(0, 77n);
    cpu.setRegister(3, 1n << 63n);
    expect(cpu.run(10).kind).toBe('system-call');
    expect(cpu.register(0)).toBe(((5n << 64n) + 77n) / (1n << 63n));
    expect(cpu.register(2)).toBe(77n);
  });
});
