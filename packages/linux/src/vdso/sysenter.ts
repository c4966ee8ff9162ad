// SYSENTER of 32-bit programs: it says neither where it was nor where the stack is, so the vDSO is where it comes back (arch/x86/entry/common.c, do_fast_syscall_32).
import { type CpuExit, Errno, Register, type Thread } from '@elf/kernel';
import { systemCallGateI386 } from './vdso.ts';

/** Bytes of the gate's INT 80h. */
const INTERRUPT_BYTES = 2;

/**
 * Goes on at the vDSO's INT 80h, with the stack pointer the caller left in EBP and the EBP it had pushed: the call happens there.
 * @returns false for every other exit, and for a program whose vDSO is gone.
 */
export function enterBySysenter(thread: Thread, exit: CpuExit): boolean {
  const { cpu, user } = thread;
  if (exit.kind !== 'system-call' || exit.entry !== 'sysenter' || cpu.mode !== 32) return false;
  const gate = systemCallGateI386(thread.process.space);
  if (gate === undefined) return false;
  const stackPointer = cpu.registerLow(Register.Rbp);
  const callersFrame = user.readU32(stackPointer >>> 0);
  cpu.setRegisterHalves(Register.Rsp, stackPointer, 0);
  if (callersFrame === undefined) {
    cpu.setRegisterHalves(Register.Rax, -Errno.EFAULT, 0);
    cpu.rip = gate + INTERRUPT_BYTES;
  } else {
    cpu.setRegisterHalves(Register.Rbp, callersFrame | 0, 0);
    cpu.rip = gate;
  }
  return true;
}
