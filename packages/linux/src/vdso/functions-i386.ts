// table: the functions of the 32-bit vDSO: the door to the kernel, the ways back from handlers, and clocks.
import { integersOf } from './byte-layout.ts';
import {
  after,
  type FrameConvention,
  frameAt,
  frameSavedAbove,
  restored,
  savedAbove,
  savedBelow,
} from './call-frames.ts';
import type { ObjectFunction } from './object-sections.ts';

/** DWARF numbers of the i386 ABI: ESP is 4, the return address 8; the general registers have their own numbers. */
export const CONVENTION_I386: FrameConvention = { wordBytes: 4, stackPointer: 4, returnColumn: 8 };
export const SONAME_I386 = 'linux-gate.so.1';
export const KERNEL_VSYSCALL = '__kernel_vsyscall';
export const KERNEL_SIGRETURN = '__kernel_sigreturn';
export const KERNEL_RT_SIGRETURN = '__kernel_rt_sigreturn';
/** Where INT 80h is in __kernel_vsyscall: SYSENTER, which does not say where it was, returns behind it. */
export const INTERRUPT_OFFSET = 3;
const [CALLS, DOOR] = ['LINUX_2.6', 'LINUX_2.5'];
const [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const INTERRUPT = [0xcd, 0x80];
const WORD = 4;

/**
 * push ecx; push edx; push ebp; int 80h; pop ebp; pop edx; pop ecx; ret: a SYSENTER that comes back here finds what its caller
 * pushed. EBP stays as it is, the sixth argument.
 */
const DOOR_CODE = [0x51, 0x52, 0x55, ...INTERRUPT, 0x5d, 0x5a, 0x59, 0xc3];
const DOOR_FRAMES = [
  ...[...after(1), ...frameAt(2 * WORD), ...savedBelow(ECX, 2)],
  ...[...after(1), ...frameAt(3 * WORD), ...savedBelow(EDX, 3)],
  ...[...after(1), ...frameAt(4 * WORD), ...savedBelow(EBP, 4)],
  ...[...after(INTERRUPT.length + 1), ...restored(EBP), ...frameAt(3 * WORD)],
  ...[...after(1), ...restored(EDX), ...frameAt(2 * WORD)],
  ...[...after(1), ...restored(ECX), ...frameAt(WORD)],
];

/** push ebx; load up to three arguments from the stack; mov eax, number; int 80h; pop ebx; ret. */
const call = (number: number): number[] => [
  ...[0x53, 0x8b, 0x5c, 0x24, 0x08, 0x8b, 0x4c, 0x24, 0x0c, 0x8b, 0x54, 0x24, 0x10],
  ...[0xb8, ...integersOf(4, [number]), ...INTERRUPT, 0x5b, 0xc3],
];
const CALL_BYTES = call(0).length;
const CALL_FRAMES = [
  ...[...after(1), ...frameAt(2 * WORD), ...savedBelow(EBX, 2)],
  ...[...after(CALL_BYTES - 2), ...restored(EBX), ...frameAt(WORD)],
];

/** Where struct sigcontext_32 has the registers (asm/sigcontext.h). */
// biome-ignore format: register and offset
const CONTEXT = [[EAX, 44], [ECX, 40], [EDX, 36], [EBX, 32], [EBP, 24], [ESI, 20], [EDI, 16], [EIP, 56]] as const;
const CONTEXT_ESP = 28;
/** A frame whose struct sigcontext_32 is `offset` above the stack pointer. */
const interrupted = (offset: number): number[] => [
  ...frameSavedAbove(ESP, offset + CONTEXT_ESP),
  ...CONTEXT.flatMap(([register, at]) => savedAbove(register, ESP, offset + at)),
];
/** The signal number, then the context; POP EAX takes the number away. */
const PLAIN_FRAMES = [...interrupted(WORD), ...after(2), ...interrupted(0)];
/** Number, two pointers, siginfo of 128 bytes, then the context 20 bytes into the ucontext. */
const REAL_TIME_FRAMES = interrupted(3 * WORD + 128 + 20);

// Names and versions: arch/x86/entry/vdso/vdso32/vdso32.lds.S. Debuggers know both returns by their bytes.
// biome-ignore format: one row per line
export const FUNCTIONS_I386: readonly ObjectFunction[] = [
  { names: [KERNEL_VSYSCALL],          version: DOOR,  code: DOOR_CODE, frames: DOOR_FRAMES },
  { names: [KERNEL_SIGRETURN],         version: DOOR,  code: [0x58, 0xb8, 119, 0, 0, 0, ...INTERRUPT, 0x90], frames: PLAIN_FRAMES, isSignalReturn: true },
  { names: [KERNEL_RT_SIGRETURN],      version: DOOR,  code: [0xb8, 173, 0, 0, 0, ...INTERRUPT, 0x90], frames: REAL_TIME_FRAMES, isSignalReturn: true },
  { names: ['__vdso_clock_gettime'],   version: CALLS, code: call(265), frames: CALL_FRAMES },
  { names: ['__vdso_clock_gettime64'], version: CALLS, code: call(403), frames: CALL_FRAMES },
  { names: ['__vdso_gettimeofday'],    version: CALLS, code: call(78),  frames: CALL_FRAMES },
  { names: ['__vdso_clock_getres'],    version: CALLS, code: call(266), frames: CALL_FRAMES },
  { names: ['__vdso_time'],            version: CALLS, code: call(13),  frames: CALL_FRAMES },
  { names: ['__vdso_getcpu'],          version: CALLS, code: call(318), frames: CALL_FRAMES },
];
