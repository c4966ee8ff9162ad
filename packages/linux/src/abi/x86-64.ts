// The x86-64 system call convention. The number travels in rax, arguments in rdi rsi rdx r10 r8 r9: r10 stands in for the function call
// convention's rcx, because SYSCALL itself overwrites rcx (return address) and r11 (flags). Results come back in rax; -4095 to -1 are
// negated error numbers. Everything else survives. (System V ABI AMD64 supplement, A.2.1; arch/x86/entry/entry_64.S)
import { type Cpu, Errno, Register, type SystemCallAbi } from '@elf/kernel';

const { Rax, Rdi, Rsi, Rdx, R10, R8, R9 } = Register;

/** The convention of the SYSCALL instruction. */
export const X86_64_ABI: SystemCallAbi = {
  name: 'x86-64',
  number: (cpu) => cpu.registerLow(Rax),
  wordBytes: 8,
  argumentRegisters: [Rdi, Rsi, Rdx, R10, R8, R9],
  setResult: setRax,
  unknownCallResult: -Errno.ENOSYS,
  instructionBytes: 2,
};

function setRax(cpu: Cpu, result: number | bigint): void {
  if (typeof result === 'bigint') cpu.setRegister(Rax, BigInt.asUintN(64, result));
  else cpu.setRegisterHalves(Rax, result | 0, Math.floor(result / 4294967296) | 0);
}
