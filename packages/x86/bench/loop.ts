// Measures the interpreter on an integer loop with loads and stores: guest instructions per second, cold and warm; `--mode 32` for 32-bit code.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { createCpu } from '../src/index.ts';

const CODE = 0x400000;
const DATA = 0x600000;
// mov rcx, N; L: mov rax, [rdi+rdx*8]; add rax, rcx; xor rax, rbx; mov [rdi+rdx*8], rax; inc rdx; and rdx, 1023; imul rbx, rbx, 5;
// add rbx, rax; dec rcx; jne L; syscall
const long = [
  0x48, 0x8b, 0x04, 0xd7, 0x48, 0x01, 0xc8, 0x48, 0x31, 0xd8, 0x48, 0x89, 0x04, 0xd7, 0x48, 0xff, 0xc2, 0x48, 0x81,
  0xe2, 0xff, 0x03, 0, 0, 0x48, 0x6b, 0xdb, 0x05, 0x48, 0x01, 0xc3, 0x48, 0xff, 0xc9, 0x75, 0xdc, 0x0f, 0x05,
];
// The same with 32-bit registers and INT 0x80.
const short = [
  0x8b, 0x04, 0x97, 0x01, 0xc8, 0x31, 0xd8, 0x89, 0x04, 0x97, 0x42, 0x81, 0xe2, 0xff, 0x03, 0, 0, 0x6b, 0xdb, 0x05,
  0x01, 0xc3, 0x49, 0x75, 0xe7, 0xcd, 0x80,
];
const mode = process.argv.includes('32') ? 32 : 64;
const code = mode === 64 ? long : short;
const memory = new GuestMemory();
const space = new AddressSpace(memory);
space.map({ address: CODE, length: 0x1000, protection: Protection.Read | Protection.Write, fixed: 'replace' });
space.map({ address: DATA, length: 0x4000, protection: Protection.Read | Protection.Write, fixed: 'replace' });
new UserMemory(space).write(CODE, Uint8Array.from(code));
space.protect(CODE, 0x1000, Protection.Read | Protection.Execute);
const start = performance.now();
const cpu = createCpu(memory, { mode });
console.log(`start-up ${(performance.now() - start).toFixed(1)} ms`);
cpu.attach(space);
for (let round = 0; round < 6; round += 1) {
  const before = cpu.instructionsRetired;
  cpu.rip = CODE;
  cpu.setRegister(1, 2_000_000n);
  cpu.setRegister(7, BigInt(DATA));
  cpu.setRegister(2, 0n);
  const begin = performance.now();
  let exit = cpu.run(100_000);
  while (exit.kind === 'budget') exit = cpu.run(100_000);
  const seconds = (performance.now() - begin) / 1000;
  const count = cpu.instructionsRetired - before;
  console.log(`${exit.kind}: ${count} instructions, ${(count / seconds / 1e6).toFixed(1)} million/s`);
}
