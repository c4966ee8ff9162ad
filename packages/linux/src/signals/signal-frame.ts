// The signal frame on the guest's stack: what a handler finds and rt_sigreturn takes back (arch/x86/kernel/signal_64.c).
import { type Cpu, Register, type Thread } from '@elf/kernel';
import { defineStruct } from '../abi/struct-layout.ts';
import { handlerStack, isOnAlternateStack } from './handler-stack.ts';
import { encodeInfo } from './signal-information.ts';
import { type SignalAction, type SignalInfo, threadState } from './signal-state.ts';
import { floatingPointBytes, readFloatingPoint, writeFloatingPoint } from './floating-point-frame.ts';

/** The 128 bytes below the stack pointer belong to the function that was interrupted (System V ABI, 3.2.2). */
const RED_ZONE_BYTES = 128;
const FRAME_BYTES = 440;
const CONTEXT_OFFSET = 8;
const INFO_OFFSET = 312;
/** SS selector of user code and the flag bits a handler starts without (DF, TF, RF). */
const USER_CODE_SEGMENT = 0x33;
const USER_STACK_SEGMENT = 0x2b;
const CLEARED_FLAGS = 0x10500;
/** uc_flags: extended state is there; SS is in the frame, and is taken back strictly (asm/ucontext.h). */
const UC_FP_XSTATE = 1;
const FRAME_FLAGS = 2 | 4;
const LEGACY_IMAGE_BYTES = 512;
/** Flag bits sigreturn takes from the frame (FIX_EFLAGS). */
const RESTORED_FLAGS = 0x50dd5;

// struct ucontext with its sigcontext.
// biome-ignore format: a table
const context = defineStruct(304, {
  flags: [0, 'u64'], link: [8, 'u64'], stackAddress: [16, 'u64'], stackFlags: [24, 'i32'], stackLength: [32, 'u64'],
  r8: [40, 'u64'], r9: [48, 'u64'], r10: [56, 'u64'], r11: [64, 'u64'], r12: [72, 'u64'], r13: [80, 'u64'], r14: [88, 'u64'], r15: [96, 'u64'],
  rdi: [104, 'u64'], rsi: [112, 'u64'], rbp: [120, 'u64'], rbx: [128, 'u64'], rdx: [136, 'u64'], rax: [144, 'u64'], rcx: [152, 'u64'],
  rsp: [160, 'u64'], rip: [168, 'u64'], eflags: [176, 'u64'], cs: [184, 'u16'], ss: [190, 'u16'], error: [192, 'u64'], trap: [200, 'u64'],
  oldMask: [208, 'u64'], cr2: [216, 'u64'], floatingPoint: [224, 'u64'], mask: [296, 'u64'],
});
/** Registers in the frame: field, register number, offset. */
// biome-ignore format: a table
const SAVED = [
  ['r8', 8, 40], ['r9', 9, 48], ['r10', 10, 56], ['r11', 11, 64], ['r12', 12, 72], ['r13', 13, 80], ['r14', 14, 88], ['r15', 15, 96],
  ['rdi', 7, 104], ['rsi', 6, 112], ['rbp', 5, 120], ['rbx', 3, 128], ['rdx', 2, 136], ['rax', 0, 144], ['rcx', 1, 152], ['rsp', 4, 160],
] as const;

/** Pushes a frame and points the registers at the handler. False: the stack cannot take it. */
export function enterHandler(thread: Thread, action: SignalAction, info: SignalInfo, savedMask: bigint): boolean {
  const { cpu, user } = thread;
  const stackPointer = Number(cpu.register(Register.Rsp));
  const { alternateStack, trap } = threadState(thread);
  const { top, isAlternate, wasAlternate } = handlerStack(thread, action, stackPointer, RED_ZONE_BYTES);
  const image = cpu.extendedState();
  const floatingPoint = Math.floor((top - floatingPointBytes(image)) / 64) * 64;
  const frame = Math.floor((floatingPoint - FRAME_BYTES) / 16) * 16 - 8;
  // A frame that would leave the alternate stack is not written beyond it (get_sigframe).
  if ((wasAlternate || isAlternate) && !isOnAlternateStack(thread, frame)) return false;
  const bytes = new Uint8Array(FRAME_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(action.restorer), true);
  bytes.set(
    context.encode({
      flags: FRAME_FLAGS | (image.length > LEGACY_IMAGE_BYTES ? UC_FP_XSTATE : 0),
      stackAddress: alternateStack.address,
      stackFlags: alternateStack.flags | (wasAlternate ? 1 : 0),
      stackLength: alternateStack.length,
      rip: cpu.rip,
      eflags: cpu.flags,
      cs: USER_CODE_SEGMENT,
      ss: USER_STACK_SEGMENT,
      error: trap.error,
      trap: trap.number,
      oldMask: savedMask,
      cr2: trap.address,
      floatingPoint,
      mask: savedMask,
    }),
    CONTEXT_OFFSET,
  );
  for (const [, index, offset] of SAVED) view.setBigUint64(CONTEXT_OFFSET + offset, cpu.register(index), true);
  bytes.set(encodeInfo(info, 8), INFO_OFFSET);
  if (!writeFloatingPoint(user, floatingPoint, image) || !user.write(frame, bytes)) return false;
  // A handler starts with a fresh unit (fpu__clear_user_states).
  cpu.setExtendedState(undefined);
  setAddress(cpu, Register.Rdi, info.signal);
  setAddress(cpu, Register.Rsi, frame + INFO_OFFSET);
  setAddress(cpu, Register.Rdx, frame + CONTEXT_OFFSET);
  setAddress(cpu, Register.Rax, 0);
  setAddress(cpu, Register.Rsp, frame);
  cpu.flags &= ~CLEARED_FLAGS;
  cpu.rip = action.handler;
  return true;
}

/** rt_sigreturn: takes registers and mask back. Undefined: the frame is not readable, or the processor refuses its state. */
export function leaveHandler(thread: Thread): { mask: bigint } | undefined {
  const { cpu, user } = thread;
  const frame = Number(cpu.register(Register.Rsp)) - 8;
  const bytes = user.read(frame + CONTEXT_OFFSET, context.sizeInBytes);
  if (bytes === undefined) return undefined;
  const flagsNow = cpu.flags;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const quad = (offset: number) => view.getBigUint64(offset, true);
  for (const [, index, offset] of SAVED) cpu.setRegister(index, quad(offset));
  cpu.rip = Number(quad(168));
  cpu.flags = (flagsNow & ~RESTORED_FLAGS) | (Number(quad(176)) & RESTORED_FLAGS);
  return readFloatingPoint(thread, Number(quad(224))) ? { mask: quad(296) } : undefined;
}

function setAddress(cpu: Cpu, index: number, value: number): void {
  cpu.setRegister(index, BigInt(value));
}
