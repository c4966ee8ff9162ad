// 32-bit mode: a real program, the modes side by side, transfers between them, segments and the traps that only 32-bit code has.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Access, AddressSpace, GUEST_PAGE_BYTES, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { type Cpu, createCpu } from './cpu.ts';
import { Vector } from './cpu-exit.ts';

const PROGRAM = fileURLToPath(new URL('../../../fixtures/i386-c/work', import.meta.url));
const PRINTED = `sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
sha256 955d946fb2bd6b00d545bada2b965c155aaa30162a20be3ed6f64c74cbd0a9c8
sorted 555320 4294649320 2147960850
20! 21c3677c82b40000 / 1000003 = 0000023673d32ef4 rest 511524
harmonic 401df11f45f4e618 sine 3fee5e14fe11418c
thread word 0000cafe 0000caff 0
`;
const STACK_TOP = 0xffff_d000;
const CODE = 0x8_0000;
const DATA = 0x9_0000;
const [EAX, ECX, EDX, EBX, ESP, , ESI, EDI] = [0, 1, 2, 3, 4, 5, 6, 7];

// The PT_LOAD segments of an ELF32 file, mapped where they are linked; returns the entry point.
function load(file: Uint8Array, space: AddressSpace, user: UserMemory): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [table, size, count] = [view.getUint32(28, true), view.getUint16(42, true), view.getUint16(44, true)];
  for (let header = table; header < table + size * count; header += size) {
    if (view.getUint32(header, true) !== 1) continue;
    const word = (index: number) => view.getUint32(header + 4 * index, true);
    const [offset, address, fileSize, memorySize, flags] = [word(1), word(2), word(4), word(5), word(6)];
    const start = address - (address % GUEST_PAGE_BYTES);
    const readWrite = Protection.Read | Protection.Write;
    const length = Math.ceil((address + memorySize - start) / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES;
    space.map({ address: start, length, protection: readWrite, fixed: 'replace' });
    user.write(address, file.subarray(offset, offset + fileSize));
    space.protect(start, length, flags & 1 ? Protection.Read | Protection.Execute : readWrite);
  }
  return view.getUint32(24, true);
}

describe('a program for i386', () => {
  it('prints what the hardware prints, with system calls by INT 0x80', () => {
    const memory = new GuestMemory();
    const space = new AddressSpace(memory);
    const user = new UserMemory(space);
    const cpu = createCpu(memory, { mode: 32 });
    cpu.attach(space);
    cpu.rip = load(readFileSync(PROGRAM), space, user);
    space.map({
      address: STACK_TOP - 0x1_0000,
      length: 0x1_0000,
      protection: Protection.Read | Protection.Write,
      fixed: 'replace',
    });
    cpu.setRegister(ESP, BigInt(STACK_TOP - 64));
    const argument = (register: number) => cpu.registerLow(register) >>> 0;
    let printed = '';
    let status = -1;
    while (status < 0) {
      const exit = cpu.run(1_000_000);
      if (exit.kind === 'budget') continue;
      expect(exit).toEqual({ kind: 'interrupt', vector: 0x80 });
      switch (argument(EAX)) {
        case 4:
          printed += new TextDecoder().decode(user.read(argument(ECX), argument(EDX)));
          cpu.setRegister(EAX, BigInt(argument(EDX)));
          break;
        case 243:
          // struct user_desc: entry number, where -1 asks for a free one, and base.
          cpu.setThreadDescriptor(0, user.readU32(argument(EBX) + 4));
          user.write(argument(EBX), Uint8Array.of(12, 0, 0, 0));
          cpu.setRegister(EAX, 0n);
          break;
        default:
          expect(argument(EAX)).toBe(1);
          status = argument(EBX);
      }
    }
    expect(printed).toBe(PRINTED);
    expect(status).toBe(42);
    expect(cpu.selector(5)).toBe(0x63);
    const isPossible = process.platform === 'linux' && process.arch === 'x64';
    const native = isPossible ? spawnSync(PROGRAM, { encoding: 'utf8' }) : undefined;
    // Kernels without 32-bit programs refuse it.
    if (native?.error === undefined && native?.status === 42) expect(native.stdout).toBe(printed);
  });
});

function machine(
  code: readonly number[],
  mode: 32 | 64 = 32,
): { readonly cpu: Cpu; readonly user: UserMemory; readonly space: AddressSpace } {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  const readWrite = Protection.Read | Protection.Write;
  for (const address of [CODE, DATA]) space.map({ address, length: 0x2000, protection: readWrite, fixed: 'replace' });
  const user = new UserMemory(space);
  user.write(CODE, Uint8Array.from(code));
  space.protect(CODE, 0x2000, Protection.Read | Protection.Execute);
  const cpu = createCpu(memory, { mode });
  cpu.attach(space);
  cpu.rip = CODE;
  cpu.setRegister(ESP, BigInt(DATA + 0x1000));
  return { cpu, user, space };
}
const u32 = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, value >>> 24];

describe('32-bit mode', () => {
  it('gives the same bytes another meaning', () => {
    // 48 ff c0: inc rax; or dec eax, inc eax.
    const long = machine([0x48, 0xff, 0xc0, 0x0f, 0x05], 64).cpu;
    long.setRegister(EAX, 0xffff_ffffn);
    expect(long.run(1000).kind).toBe('system-call');
    expect(long.register(EAX)).toBe(0x1_0000_0000n);
    const { cpu } = machine([0x48, 0xff, 0xc0, 0xcd, 0x80]);
    cpu.setRegister(EAX, 0n);
    expect(cpu.run(1000)).toEqual({ kind: 'interrupt', vector: 0x80 });
    expect(cpu.register(EAX)).toBe(0n);
    expect(cpu.instructionsRetired).toBe(3);
  });
  it('wraps addresses at 4 GiB, also those that a negative 64-bit result was left in', () => {
    // mov eax, [ebx+esi]; mov ecx, [edi-4]; int3
    const { cpu, user } = machine([0x8b, 0x04, 0x33, 0x8b, 0x4f, 0xfc, 0xcc]);
    user.write(DATA + 16, Uint8Array.of(1, 2, 3, 4));
    cpu.setRegister(EBX, -16n);
    cpu.setRegister(ESI, BigInt(DATA + 32));
    cpu.setRegister(EDI, BigInt(DATA + 20));
    expect(cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.Breakpoint });
    expect(cpu.register(EAX)).toBe(0x0403_0201n);
    expect(cpu.register(ECX)).toBe(0x0403_0201n);
  });
  it('reports a fault beyond the stack with 32-bit addresses', () => {
    const { cpu } = machine([0x60]);
    cpu.setRegister(ESP, 2n);
    expect(cpu.run(1000)).toMatchObject({ kind: 'fault', address: 0xffff_fffe, access: Access.Write });
    expect(cpu.rip).toBe(CODE);
    expect(cpu.register(ESP)).toBe(2n);
  });
  it('traps behind INTO and faults at BOUND, AAM by zero and SYSCALL', () => {
    // mov al, 127; inc al; into
    const overflow = machine([0xb0, 127, 0xfe, 0xc0, 0xce, 0x90]).cpu;
    expect(overflow.run(1000)).toEqual({ kind: 'exception', vector: Vector.Overflow });
    expect(overflow.rip).toBe(CODE + 5);
    const bound = machine([0x62, 0x05, ...u32(DATA)]).cpu;
    bound.setRegister(EAX, 1n);
    expect(bound.run(1000)).toEqual({ kind: 'exception', vector: Vector.BoundRange });
    expect(machine([0xd4, 0]).cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.DivideError });
    expect(machine([0x0f, 0x05]).cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.InvalidOpcode });
    expect(machine([0x0f, 0x34]).cpu.run(1000)).toEqual({ kind: 'system-call', entry: 'sysenter' });
  });
  it('goes to 64-bit code and back, each with its own meaning of the same address', () => {
    // At CODE: in 32-bit mode jmp far 0x33:CODE+16; the code there, in 64-bit mode: mov rax, -1; retf to 0x23:CODE+64 from the stack.
    const code = [0xea, ...u32(CODE + 16), 0x33, 0];
    const long = [0x48, 0xc7, 0xc0, ...u32(-1), 0x6a, 0x23, 0x68, ...u32(CODE + 64), 0x48, 0xcb];
    const bytes = new Array<number>(80).fill(0x90);
    bytes.splice(0, code.length, ...code);
    bytes.splice(16, long.length, ...long);
    bytes.splice(64, 4, 0x48, 0x89, 0xc3, 0xcc);
    const { cpu } = machine(bytes);
    expect(cpu.run(100)).toEqual({ kind: 'exception', vector: Vector.Breakpoint });
    expect(cpu.mode).toBe(32);
    expect(cpu.selector(1)).toBe(0x23);
    expect(cpu.register(EBX)).toBe(0xffff_fffen);
    // The same bytes once more, as 64-bit code: mov rbx, rax.
    cpu.mode = 64;
    cpu.rip = CODE + 64;
    cpu.setRegister(EAX, -2n);
    cpu.run(100);
    expect(cpu.register(EBX)).toBe(0xffff_ffff_ffff_fffen);
  });
  it('refuses selectors that Linux has no descriptor for', () => {
    for (const selector of [0x08, 0x10, 0x27, 0x63, 0x80]) {
      // mov ds, eax
      const { cpu } = machine([0x8e, 0xd8]);
      cpu.setRegister(EAX, BigInt(selector));
      const errorCode = selector & 0xfffc;
      expect(cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.GeneralProtection, errorCode });
      expect(cpu.selector(3)).toBe(0x2b);
    }
    const { cpu } = machine([0xea, ...u32(CODE), 0x2b, 0]);
    expect(cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.GeneralProtection, errorCode: 0x28 });
  });
  it('says so when a data segment would get a base', () => {
    const { cpu } = machine([0x8e, 0xd8]);
    cpu.setThreadDescriptor(1, DATA);
    cpu.setRegister(EAX, 0x6bn);
    expect(cpu.run(1000)).toMatchObject({ kind: 'unsupported', mnemonic: 'data segment with a base' });
    expect(cpu.rip).toBe(CODE);
  });
  it('takes FS from a local descriptor table, which each address space has for itself', () => {
    // mov fs, eax; mov ecx, fs:[4]; lar edx, eax; lsl ebx, eax; int3
    const code = [0x8e, 0xe0, 0x64, 0x8b, 0x0d, ...u32(4), 0x0f, 0x02, 0xd0, 0x0f, 0x03, 0xd8, 0xcc];
    const { cpu, user } = machine(code);
    const space = new AddressSpace(new GuestMemory());
    user.write(DATA + 4, Uint8Array.of(1, 2, 3, 4));
    // What modify_ldt(2) of Linux 6.18 makes of base DATA, limit 0xfffff, in pages, 32 bits, useable.
    const words = Uint32Array.of(0, 0, ((DATA & 0xffff) << 16) | 0xffff, 0x00df_f300 | (DATA >> 16));
    cpu.setRegister(EAX, 0x0fn);
    expect(cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.GeneralProtection, errorCode: 0x0c });
    cpu.setLocalDescriptors(space, words);
    expect(cpu.run(1000)).toMatchObject({ vector: Vector.GeneralProtection });
    const own = machine(code);
    own.user.write(DATA + 4, Uint8Array.of(1, 2, 3, 4));
    own.cpu.setLocalDescriptors(own.space, words);
    own.cpu.setRegister(EAX, 0x0fn);
    expect(own.cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.Breakpoint });
    expect([ECX, EDX, EBX].map((register) => own.cpu.register(register))).toEqual([
      0x0403_0201n,
      0xdf_f300n,
      0xffff_ffffn,
    ]);
    own.cpu.setLocalDescriptors(own.space, undefined);
    expect(own.cpu.loadSelector(4, 0x0f)).toBe(false);
  });
  it('tells what a local descriptor is not: there, readable, or a segment to jump to', () => {
    const [FLAT, ABSENT, EXECUTE_ONLY, LOCAL_CODE] = [0x00cf_f300, 0x00cf_7300, 0x00cf_f900, 0x00cf_fb00];
    const run = (rights: number, code: readonly number[]) => {
      const { cpu, space } = machine(code);
      cpu.setLocalDescriptors(space, Uint32Array.of(0xffff, rights));
      cpu.setRegister(EAX, 7n);
      return cpu.run(1000);
    };
    const [TO_FS, TO_DS, TO_SS] = [
      [0x8e, 0xe0],
      [0x8e, 0xd8],
      [0x8e, 0xd0],
    ].map((load) => [...load, 0xcc]);
    const exception = (vector: number) => ({ kind: 'exception', vector, errorCode: 4 });
    expect(run(FLAT, TO_DS)).toEqual({ kind: 'exception', vector: Vector.Breakpoint });
    expect(run(ABSENT, TO_FS)).toEqual(exception(Vector.SegmentNotPresent));
    expect(run(ABSENT, TO_SS)).toEqual(exception(Vector.StackFault));
    expect(run(EXECUTE_ONLY, TO_FS)).toEqual(exception(Vector.GeneralProtection));
    expect(run(0, TO_FS)).toEqual(exception(Vector.GeneralProtection));
    expect(run(FLAT | 1, TO_DS)).toMatchObject({ kind: 'unsupported', mnemonic: 'data segment with a base' });
    const mnemonic = 'code segment of the local descriptor table';
    expect(run(LOCAL_CODE, [0xea, ...u32(CODE), 7, 0])).toMatchObject({ kind: 'unsupported', mnemonic });
  });
  it('answers for system tables as Linux does where the processor refuses', () => {
    // sgdt [rdi]; sidt [rdi+16]; smsw eax; str ecx; sldt [rdi+32]: measured on a kernel of version 6.18.
    const code = [
      0x0f, 0x01, 0x07, 0x0f, 0x01, 0x4f, 16, 0x0f, 0x01, 0xe0, 0x0f, 0x00, 0xc9, 0x0f, 0x00, 0x47, 32, 0xcc,
    ];
    for (const mode of [32, 64] as const) {
      const { cpu, user } = machine(code, mode);
      cpu.setRegister(EAX, mode === 64 ? 0x1122_3344_5566_7788n : 0n);
      cpu.setRegister(EDI, BigInt(DATA));
      user.write(DATA, new Uint8Array(48).fill(0xee));
      expect(cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.Breakpoint });
      const bytes = (at: number, length: number) => Buffer.from(user.read(DATA + at, length) ?? []).toString('hex');
      expect(bytes(0, 11)).toBe(mode === 64 ? '00000000feffffffffffee' : '00000000feffeeeeeeeeee');
      expect(bytes(16, 11)).toBe(mode === 64 ? '00000000ffffffffffffee' : '00000000ffffeeeeeeeeee');
      expect(bytes(32, 3)).toBe('0000ee');
      expect(cpu.register(EAX)).toBe(mode === 64 ? 0x1122_3344_8005_0033n : 0x8005_0033n);
      expect(cpu.register(ECX)).toBe(0x40n);
    }
  });
  it('keeps mode and selectors in saved states', () => {
    const { cpu } = machine([0x40, 0xcc]);
    const saved = cpu.saveState();
    cpu.resetState();
    expect(cpu.mode).toBe(64);
    cpu.restoreState(saved);
    expect(cpu.mode).toBe(32);
    expect(cpu.run(1000)).toEqual({ kind: 'exception', vector: Vector.Breakpoint });
    expect(cpu.register(EAX)).toBe(1n);
  });
});
