// Breakpoints and steps of a debugger: where `run` stops, and that nothing is executed twice or left out.
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from './cpu.ts';

const BASE = 0x40_0000;
const STACK = 0x50_0000;
const RAX = 0;
const RCX = 1;
const RDI = 7;

/** A CPU before these bytes. */
function prepare(code: readonly number[]) {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  for (const address of [BASE, STACK]) {
    const protection = Protection.Read | Protection.Write | Protection.Execute;
    space.map({ address, length: 8192, protection, fixed: 'replace' });
  }
  const cpu = createCpu(memory);
  cpu.attach(space);
  for (const [index, byte] of code.entries()) {
    const frame = space.resolve(BASE, 1);
    memory.u8[frame + index] = byte;
  }
  cpu.rip = BASE;
  return { cpu, space, memory };
}

// inc eax; inc eax; dec ecx; jnz the start; hlt
const LOOP = [0xff, 0xc0, 0xff, 0xc0, 0xff, 0xc9, 0x75, 0xf8, 0xf4];

describe('breakpoints', () => {
  it('stop in the middle of a block that has run before, each time round', () => {
    const { cpu, space } = prepare(LOOP);
    cpu.setRegister(RCX, 100n);
    cpu.run(50);
    const before = cpu.register(RAX);
    expect(before).toBeGreaterThan(0n);
    cpu.setBreakpoints(space, new Set([BASE + 2]));
    expect(cpu.run(1_000_000)).toEqual({ kind: 'breakpoint' });
    expect(cpu.rip).toBe(BASE + 2);
    const first = cpu.register(RAX);
    // Without a step it stays there.
    expect(cpu.run(1_000_000)).toEqual({ kind: 'breakpoint' });
    expect(cpu.register(RAX)).toBe(first);
    expect(cpu.step()).toEqual({ kind: 'budget' });
    expect(cpu.rip).toBe(BASE + 4);
    expect(cpu.run(1_000_000)).toEqual({ kind: 'breakpoint' });
    expect(cpu.register(RAX)).toBe(first + 2n);
    cpu.setBreakpoints(space, new Set());
    expect(cpu.run(1_000_000)).toMatchObject({ kind: 'exception' });
    expect(cpu.register(RAX)).toBe(200n);
  });

  it('belong to one address space', () => {
    const { cpu, space, memory } = prepare(LOOP);
    const other = space.fork();
    cpu.setBreakpoints(other, new Set([BASE + 2]));
    cpu.setRegister(RCX, 3n);
    expect(cpu.run(1000)).toMatchObject({ kind: 'exception' });
    cpu.attach(other);
    cpu.rip = BASE;
    expect(cpu.run(1000)).toEqual({ kind: 'breakpoint' });
    expect(memory.u8[other.resolve(BASE, 0) + 2]).toBe(0xff);
  });

  it('let a step do one instruction or one round, and no trap flag shows', () => {
    // rep stosb; pushfq; pop rax
    const { cpu } = prepare([0xf3, 0xaa, 0x9c, 0x58]);
    cpu.setRegister(RCX, 3n);
    cpu.setRegister(RDI, BigInt(STACK));
    cpu.setRegister(4, BigInt(STACK + 4096));
    for (const left of [2n, 1n]) {
      expect(cpu.step()).toEqual({ kind: 'budget' });
      expect([cpu.rip, cpu.register(RCX)]).toEqual([BASE, left]);
    }
    expect(cpu.step()).toEqual({ kind: 'budget' });
    expect([cpu.rip, cpu.register(RCX)]).toEqual([BASE + 2, 0n]);
    cpu.step();
    cpu.step();
    expect(cpu.rip).toBe(BASE + 4);
    expect(cpu.register(RAX) & 0x100n).toBe(0n);
  });

  it('leave a system call and a fault to the kernel', () => {
    // syscall; mov eax, [0]
    const { cpu } = prepare([0x0f, 0x05, 0x8b, 0x04, 0x25, 0, 0, 0, 0]);
    expect(cpu.step()).toEqual({ kind: 'system-call' });
    expect(cpu.step()).toMatchObject({ kind: 'fault', address: 0 });
    expect(cpu.rip).toBe(BASE + 2);
  });
});
