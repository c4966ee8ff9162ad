// Signal frames of the i386 ABI: what a handler finds and sigreturn or rt_sigreturn takes back (arch/x86/kernel/signal_32.c, asm/sigframe.h).
import { type Cpu, Register, type Thread } from '@elf/kernel';
import { defineStruct } from '../abi/struct-layout.ts';
import { signalReturnI386 } from '../vdso/vdso.ts';
import { floatingPointBytesI386, readFloatingPointI386, writeFloatingPointI386 } from './floating-point-i386.ts';
import { handlerStack, isOnAlternateStack } from './handler-stack.ts';
import { encodeInfo } from './signal-information.ts';
import { ActionFlag, type SignalAction, type SignalInfo, threadState } from './signal-state.ts';

const { Rax, Rcx, Rdx, Rsp } = Register;
/** Segment registers by number. */
const [ES, SS, DS, FS, GS] = [0, 2, 3, 4, 5];
const USER_DATA = 0x2b;
const PRIVILEGE = 3;
/** Flag bits a handler starts without (DF, TF, RF), and those sigreturn takes from the frame (FIX_EFLAGS). */
const CLEARED_FLAGS = 0x10500;
const RESTORED_FLAGS = 0x50dd5;
const UC_FP_XSTATE = 1;
const LEGACY_IMAGE_BYTES = 512;

// struct sigcontext_32.
// biome-ignore format: a table
const context = defineStruct(88, {
  gs: [0, 'u16'], fs: [4, 'u16'], es: [8, 'u16'], ds: [12, 'u16'], edi: [16, 'u32'], esi: [20, 'u32'], ebp: [24, 'u32'], esp: [28, 'u32'],
  ebx: [32, 'u32'], edx: [36, 'u32'], ecx: [40, 'u32'], eax: [44, 'u32'], trap: [48, 'u32'], error: [52, 'u32'], eip: [56, 'u32'],
  cs: [60, 'u16'], eflags: [64, 'u32'], espAtSignal: [68, 'u32'], ss: [72, 'u16'], floatingPoint: [76, 'u32'], oldMask: [80, 'u32'],
  cr2: [84, 'u32'],
});
/** General registers of a context, by number. */
// biome-ignore format: a table
const SAVED = [['edi', 7], ['esi', 6], ['ebp', 5], ['esp', 4], ['ebx', 3], ['edx', 2], ['ecx', 1], ['eax', 0]] as const;

/** struct sigframe_ia32, of handlers without SA_SIGINFO: context, then a hole of 624 bytes, mask and code. */
const PLAIN = { bytes: 732, context: 8, highMask: 720, code: 724 } as const;
/** struct rt_sigframe_ia32: pointers to both structures, siginfo, ucontext, code. */
const REAL_TIME = { bytes: 268, info: 16, userContext: 144, context: 164, mask: 252, code: 260 } as const;
/** What a frame holds, where nobody returns to while there is a vDSO, so that debuggers know it: pop eax; mov eax, number; int 0x80. */
const PLAIN_CODE = [0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80];
const REAL_TIME_CODE = [0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0];

/** Pushes a frame and points the registers at the handler. False: the stack cannot take it. */
export function enterHandlerI386(thread: Thread, action: SignalAction, info: SignalInfo, savedMask: bigint): boolean {
  const { cpu, user } = thread;
  const { alternateStack, trap } = threadState(thread);
  const isRealTime = (action.flags & ActionFlag.SIGINFO) !== 0;
  const { top, isAlternate, wasAlternate } = handlerStack(thread, action, cpu.registerLow(Rsp) >>> 0);
  const image = cpu.extendedState();
  const floatingPoint = top - floatingPointBytesI386(image, top);
  const size = isRealTime ? REAL_TIME.bytes : PLAIN.bytes;
  const frame = Math.floor((floatingPoint - size + 4) / 16) * 16 - 4;
  if (frame < 0 || ((wasAlternate || isAlternate) && !isOnAlternateStack(thread, frame))) return false;
  const saved = context.encode({
    ...Object.fromEntries(SAVED.map(([name, index]) => [name, cpu.registerLow(index) >>> 0])),
    ...{
      gs: cpu.selector(GS),
      fs: cpu.selector(FS),
      es: cpu.selector(ES),
      ds: cpu.selector(DS),
      ss: cpu.selector(SS),
      cs: cpu.selector(1),
    },
    ...{ eip: cpu.rip, eflags: cpu.flags, espAtSignal: cpu.registerLow(Rsp) >>> 0 },
    ...{ trap: trap.number, error: trap.error, cr2: trap.address, floatingPoint, oldMask: savedMask & 0xffff_ffffn },
  });
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(4, info.signal, true);
  if (isRealTime) {
    view.setUint32(8, frame + REAL_TIME.info, true);
    view.setUint32(12, frame + REAL_TIME.userContext, true);
    bytes.set(encodeInfo(info, 4), REAL_TIME.info);
    view.setUint32(REAL_TIME.userContext, image.length > LEGACY_IMAGE_BYTES ? UC_FP_XSTATE : 0, true);
    view.setUint32(REAL_TIME.userContext + 8, alternateStack.address, true);
    view.setUint32(REAL_TIME.userContext + 12, alternateStack.flags | (wasAlternate ? 1 : 0), true);
    view.setUint32(REAL_TIME.userContext + 16, alternateStack.length, true);
    bytes.set(saved, REAL_TIME.context);
    view.setBigUint64(REAL_TIME.mask, savedMask, true);
    bytes.set(REAL_TIME_CODE, REAL_TIME.code);
  } else {
    bytes.set(saved, PLAIN.context);
    view.setUint32(PLAIN.highMask, Number(savedMask >> 32n), true);
    bytes.set(PLAIN_CODE, PLAIN.code);
  }
  const code = frame + (isRealTime ? REAL_TIME.code : PLAIN.code);
  const ownReturn = signalReturnI386(thread.process.space, isRealTime) ?? code;
  view.setUint32(0, (action.flags & ActionFlag.RESTORER) !== 0 ? action.restorer : ownReturn, true);
  if (!writeFloatingPointI386(thread, floatingPoint, image) || !user.write(frame, bytes)) return false;
  if (cpu.mode !== 32) cpu.mode = 32;
  for (const segment of [ES, DS, SS]) cpu.loadSelector(segment, USER_DATA);
  // A handler starts with a fresh unit (fpu__clear_user_states).
  cpu.setExtendedState(undefined);
  set(cpu, Rax, info.signal);
  set(cpu, Rdx, isRealTime ? frame + REAL_TIME.info : 0);
  set(cpu, Rcx, isRealTime ? frame + REAL_TIME.userContext : 0);
  set(cpu, Rsp, frame);
  cpu.flags &= ~CLEARED_FLAGS;
  cpu.rip = action.handler;
  return true;
}

/** sigreturn: its caller has popped the restorer's address and the signal number. */
export function leavePlainHandlerI386(thread: Thread): { mask: bigint } | undefined {
  const frame = (thread.cpu.registerLow(Rsp) >>> 0) - 8;
  const high = thread.user.readU32(frame + PLAIN.highMask);
  const low = thread.user.readU32(frame + PLAIN.context + 80);
  if (high === undefined || low === undefined || !restoreContext(thread, frame + PLAIN.context)) return undefined;
  return { mask: (BigInt(high) << 32n) | BigInt(low) };
}

/** rt_sigreturn: its caller has popped the restorer's address. */
export function leaveHandlerI386(thread: Thread): { mask: bigint } | undefined {
  const frame = (thread.cpu.registerLow(Rsp) >>> 0) - 4;
  const mask = thread.user.readU64(frame + REAL_TIME.mask);
  return mask !== undefined && restoreContext(thread, frame + REAL_TIME.context) ? { mask } : undefined;
}

function restoreContext(thread: Thread, address: number): boolean {
  const { cpu, user } = thread;
  const bytes = user.read(address, context.sizeInBytes);
  if (bytes === undefined) return false;
  const saved = context.decode(bytes);
  for (const [name, index] of SAVED) set(cpu, index, saved[name]);
  cpu.rip = saved.eip;
  cpu.flags = (cpu.flags & ~RESTORED_FLAGS) | (saved.eflags & RESTORED_FLAGS);
  // A selector that the handler left alone keeps its base (reload_segments); one that names nothing becomes null.
  for (const [register, selector] of [
    [GS, saved.gs],
    [FS, saved.fs],
    [DS, saved.ds],
    [ES, saved.es],
    [SS, saved.ss],
  ]) {
    const wanted = selector === 0 ? 0 : selector | PRIVILEGE;
    if (cpu.selector(register) !== wanted && !cpu.loadSelector(register, wanted)) cpu.loadSelector(register, 0);
  }
  return readFloatingPointI386(thread, saved.floatingPoint);
}

function set(cpu: Cpu, index: number, value: number): void {
  cpu.setRegisterHalves(index, value | 0, 0);
}
