// Which stack a handler runs on (man 2 sigaltstack, arch/x86/kernel/signal.c get_sigframe).
import type { Thread } from '@elf/kernel';
import { ActionFlag, type SignalAction, threadState } from './signal-state.ts';

const SS_DISABLE = 2;

/** Where a handler's frame goes below; whether that is the alternate stack, and whether the interrupted code ran on it. */
export interface HandlerStack {
  readonly top: number;
  readonly isAlternate: boolean;
  readonly wasAlternate: boolean;
}

/** @param redZoneBytes bytes below the stack pointer that belong to the function that was interrupted */
export function handlerStack(
  thread: Thread,
  action: SignalAction,
  stackPointer: number,
  redZoneBytes = 0,
): HandlerStack {
  const { alternateStack } = threadState(thread);
  const wasAlternate = isOnAlternateStack(thread, stackPointer);
  const isAlternate =
    (action.flags & ActionFlag.ONSTACK) !== 0 && (alternateStack.flags & SS_DISABLE) === 0 && !wasAlternate;
  const top = isAlternate ? alternateStack.address + alternateStack.length : stackPointer - redZoneBytes;
  return { top, isAlternate, wasAlternate };
}

/** True when a stack pointer lies within the alternate stack. */
export function isOnAlternateStack(thread: Thread, stackPointer: number): boolean {
  const { address, length, flags } = threadState(thread).alternateStack;
  return (flags & SS_DISABLE) === 0 && stackPointer > address && stackPointer <= address + length;
}
