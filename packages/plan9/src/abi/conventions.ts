// The two system call conventions (sys/src/9/pc64/trap.c, sys/src/9/pc/trap.c). Arguments are on the stack in both, one word above the
// stack pointer: what lies at it is the return address of the C stub. amd64 enters with SYSCALL and the number in RBP, 386 with INT 0x40
// and the number in EAX. The result is all ones when the call failed; errstr(2) tells why. On amd64 int and long have 32 bits and only
// pointers and vlong 64, so the upper half of a slot may hold anything.
import { type ArgumentWords, type Cpu, Register, type SystemCallAbi, type Thread } from '@elf/kernel';
import { isAddressable } from '../memory/segments.ts';
import { stateOf } from '../process-state.ts';
import { badAddress, oddAddress } from '../settle-call.ts';

/** Vector of the software interrupt of 386. */
export const SYSTEM_CALL_VECTOR = 0x40;

/** Words of sizeof(Sargs): the longest call has five arguments, one of them two words long on 386. */
const ARGUMENT_WORDS = 6;
/** Sargs: MAXSYSARG arguments are checked for every call, however few it has. */
const CHECKED_WORDS = 5;

/** amd64: SYSCALL. */
export const AMD64_ABI: SystemCallAbi = {
  name: 'amd64',
  number: (cpu) => cpu.registerLow(Register.Rbp) >>> 0,
  wordBytes: 8,
  argumentRegisters: [],
  argumentWords: (thread) => stackWords(thread, 8),
  setResult: (cpu, result) => {
    const value = typeof result === 'number' && result < 0 ? -1n : BigInt(result);
    cpu.setRegister(Register.Rax, BigInt.asUintN(64, value));
  },
  unknownCallResult: -1,
  instructionBytes: 2,
};

/** 386: INT 0x40. */
export const I386_ABI: SystemCallAbi = {
  name: '386',
  number: (cpu) => cpu.registerLow(Register.Rax) >>> 0,
  wordBytes: 4,
  argumentRegisters: [],
  argumentWords: (thread) => stackWords(thread, 4),
  setResult: setEax,
  unknownCallResult: -1,
  instructionBytes: 2,
};

function setEax(cpu: Cpu, result: number | bigint): void {
  const isFailure = typeof result === 'number' && result < 0;
  cpu.setRegisterHalves(Register.Rax, isFailure ? -1 : Number(BigInt.asIntN(32, BigInt(result))), 0);
}

/** The words above the stack pointer. Undefined when the stack is not there: the caller was told by a note. */
function stackWords(thread: Thread, wordBytes: 4 | 8): ArgumentWords | undefined {
  const { cpu, user } = thread;
  const start = Number(cpu.register(Register.Rsp)) + wordBytes;
  if (start % 4 !== 0) return oddAddress(thread);
  const length = CHECKED_WORDS * wordBytes;
  if (!isAddressable(stateOf(thread), start, length, false)) return badAddress(thread, start, length);
  const low = new Int32Array(ARGUMENT_WORDS);
  const high = new Int32Array(ARGUMENT_WORDS);
  for (let index = 0; index < ARGUMENT_WORDS; index++) {
    const at = start + index * wordBytes;
    // The sixth word may lie above the stack; no call has it without the ones before.
    low[index] = user.readI32(at) ?? 0;
    if (wordBytes === 8) high[index] = user.readI32(at + 4) ?? 0;
  }
  return { low, high };
}
