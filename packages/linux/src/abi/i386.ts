// The i386 system call convention. The number travels in eax, arguments in ebx ecx edx esi edi ebp; results come back in eax, -4095 to -1
// are negated error numbers, and everything else survives. Where a call takes 64 bits they come in two registers, the low half first.
// A 64-bit program may use INT 0x80 too: it gets the same calls with the low halves of its registers, so the width of pointers and
// structures belongs to the call and not to the process. (arch/x86/entry/entry_64_compat.S, arch/x86/entry/syscalls/syscall_32.tbl)
import { type Cpu, Errno, Register, type SystemCallAbi } from '@elf/kernel';

const { Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp } = Register;

/** Vector of the software interrupt that is a system call. */
export const SYSTEM_CALL_VECTOR = 0x80;

/** Results down to its negation are errors (include/linux/err.h). */
const MAX_ERRNO = 4095; // not a page size: the largest error number

/** The convention of INT 0x80. */
export const I386_ABI: SystemCallAbi = {
  name: 'i386',
  number: (cpu) => cpu.registerLow(Rax),
  wordBytes: 4,
  argumentRegisters: [Rbx, Rcx, Rdx, Rsi, Rdi, Rbp],
  setResult: setEax,
  unknownCallResult: -Errno.ENOSYS,
  instructionBytes: 2,
};

/** A 64-bit program finds errors sign-extended, as the entry code leaves them in pt_regs. */
function setEax(cpu: Cpu, result: number | bigint): void {
  const low = typeof result === 'bigint' ? Number(BigInt.asIntN(32, result)) : result | 0;
  const isError = low < 0 && low >= -MAX_ERRNO;
  cpu.setRegisterHalves(Rax, low, cpu.mode === 64 && isError ? -1 : 0);
}
