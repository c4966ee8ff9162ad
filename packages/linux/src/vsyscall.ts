// The vsyscall page: three calls at fixed addresses in the kernel's half, which old static programs jump to and the kernel answers
// when the fetch faults (arch/x86/entry/vsyscall/vsyscall_64.c, the mode "xonly": nothing there can be read).
import { type CpuExit, Register, type Thread } from '@elf/kernel';
import { timeval, timezone } from './abi/structs/time.ts';

/** The page is at 0xffffffffff600000; its calls are 0x400 bytes apart. */
const PAGE_HIGH_HALF = 0xffff_ffff;
const PAGE_LOW_HALF = 0xff60_0000;
/** What /proc/PID/maps of a 64-bit process ends with (get_gate_vma). */
export const VSYSCALL_LINE = `ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n`;
const CALL_BITS = 0xc00;
const BILLION = 1_000_000_000n;
const FETCH = 2;

/** Performs the call behind a fetch fault and returns to its caller; false for every other fault, and where Linux sends SIGSEGV. */
export function answerVsyscall(thread: Thread, exit: CpuExit): boolean {
  const { cpu, user } = thread;
  if (exit.kind !== 'fault' || exit.access !== FETCH || cpu.mode !== 64) return false;
  const { low, high } = cpu.ripHalves;
  if (high >>> 0 !== PAGE_HIGH_HALF || (low & ~CALL_BITS) >>> 0 !== PAGE_LOW_HALF) return false;
  const stackPointer = cpu.register(Register.Rsp);
  const caller = user.readU64(Number(stackPointer));
  if (caller === undefined) return false;
  const [first, second] = [Register.Rdi, Register.Rsi].map((index) => Number(cpu.register(index)));
  const result = CALLS[(low & CALL_BITS) / 0x400]?.(thread, first, second);
  if (result === undefined) return false;
  cpu.setRegister(Register.Rax, result);
  cpu.setRegister(Register.Rsp, stackPointer + 8n);
  cpu.rip = Number(caller);
  return true;
}

/** What each entry stores and returns; undefined where it cannot store. */
const CALLS: readonly ((thread: Thread, first: number, second: number) => bigint | undefined)[] = [
  function gettimeofday({ user, host }, time, zone) {
    const now = host.clock.realtime();
    const fields = timeval.encode({ seconds: now / BILLION, microseconds: (now % BILLION) / 1000n });
    if (time !== 0 && !user.write(time, fields)) return undefined;
    return zone === 0 || user.write(zone, timezone.encode({})) ? 0n : undefined;
  },
  function time({ user, host }, at) {
    const seconds = host.clock.realtime() / BILLION;
    return at === 0 || user.writeU64(at, seconds) ? seconds : undefined;
  },
  function getcpu({ user }, processor, node) {
    const stored = (at: number) => at === 0 || user.writeU32(at, 0);
    return stored(processor) && stored(node) ? 0n : undefined;
  },
];
