// Delivering a note to its handler, and returning from one: notify and noted (sys/src/9/pc64/trap.c, sys/src/9/port/sysproc.c).
import { Register, type Thread, toBytes } from '@elf/kernel';
import { ERROR_BYTES, Failure } from '../errors.ts';
import { isAddressable } from '../memory/segments.ts';
import { type Plan9Process, stateOf } from '../process-state.ts';
import { type Note, takeNote } from './note-state.ts';
import { complain, endWith } from './post-note.ts';
import { type TrapNumbers, uregLayout } from './ureg.ts';

/** What noted(2) is asked for. */
export const Noted = { Continue: 0, Default: 1, Save: 2, Restore: 3 } as const;

/** Left below the stack pointer for those who look at what went wrong; Go pushes a return address there. */
const RED_ZONE_BYTES = 256;
/** Handlers inside handlers whose floating-point state is kept. */
const MAXIMUM_FRAMES = 64;
const NO_TRAP: TrapNumbers = { vector: 0, errorCode: 0 };

/** Called before guest code goes on while something waits for the process. */
export function deliverNote(thread: Thread, trap: TrapNumbers = NO_TRAP): void {
  thread.attention = false;
  thread.interrupted = undefined;
  const state = stateOf(thread);
  const { notes } = state;
  const note = takeNote(notes);
  if (note === undefined) return;
  if (note.text.startsWith('sys:'))
    note.text = `${note.text} pc=0x${thread.cpu.rip.toString(16)}`.slice(0, ERROR_BYTES - 1);
  if (notes.handler === 0 || notes.isHandling || !enterHandler(thread, state, note, trap)) {
    dieOf(thread, note);
    return;
  }
  notes.isHandling = true;
  // More may wait; those of other processes until the handler is done.
  thread.attention = notes.pending.some(({ kind }) => kind !== 'user');
}

/** The default action: the process ends, and the kernel says why when it is the program's own fault. */
function dieOf(thread: Thread, note: Note): void {
  if (note.kind === 'debug') {
    complain(thread, `suicide: ${note.text}`);
    thread.kernel.onCrash?.(thread, crashSignal(note.text));
  }
  endWith(thread, note.text);
}

/** The number crash reports know a fault by. */
function crashSignal(text: string): number {
  if (text.startsWith('sys: trap: divide') || text.startsWith('sys: fp:')) return 8;
  if (text.startsWith('sys: trap: invalid opcode')) return 4;
  if (text.startsWith('sys: breakpoint')) return 5;
  return text.startsWith('sys: bad sys call') ? 31 : 11;
}

/** Builds the frame. False: the stack has no room for it. */
function enterHandler(thread: Thread, state: Plan9Process, note: Note, trap: TrapNumbers): boolean {
  const { cpu, user } = thread;
  const { wordBytes, notes } = state;
  const layout = uregLayout(wordBytes);
  const sp = Number(BigInt.asUintN(64, cpu.register(Register.Rsp)));
  const frame = sp - RED_ZONE_BYTES - layout.bytes;
  // From the bottom: a null return address, the two arguments, the text, the address of the handler's frame before, the registers.
  const textAt = frame - wordBytes - ERROR_BYTES;
  const bottom = textAt - 3 * wordBytes;
  const bytes = new Uint8Array(frame + layout.bytes - bottom);
  if (!isAddressable(state, bottom, bytes.length, true)) return false;
  const view = new DataView(bytes.buffer);
  const putWord = (offset: number, value: number) => {
    if (wordBytes === 8) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  };
  putWord(wordBytes, frame);
  putWord(2 * wordBytes, textAt);
  bytes.set(toBytes(note.text), textAt - bottom);
  putWord(frame - wordBytes - bottom, notes.frame);
  bytes.set(layout.encode(cpu, trap), frame - bottom);
  if (!user.write(bottom, bytes)) return false;
  notes.floatingPoint.set(frame, cpu.extendedState().slice());
  // Handlers that never return leave theirs behind.
  const [oldest] = notes.floatingPoint.keys();
  if (notes.floatingPoint.size > MAXIMUM_FRAMES) notes.floatingPoint.delete(oldest);
  notes.frame = frame;
  cpu.setRegister(Register.Rsp, BigInt(bottom));
  // The first argument of a C function on amd64 travels in RBP.
  if (wordBytes === 8) cpu.setRegister(Register.Rbp, BigInt(frame));
  cpu.rip = notes.handler;
  return true;
}

/** noted(2). Registers are set when 0 is returned; a process that lied about its state is gone then. */
export function returnFromNote(thread: Thread, how: number): number {
  const state = stateOf(thread);
  const { notes, wordBytes } = state;
  if (!notes.isHandling && how !== Noted.Restore) return -Failure.BadArgument;
  const layout = uregLayout(wordBytes);
  const { frame } = notes;
  const saved = isAddressable(state, frame - wordBytes, wordBytes + layout.bytes, false)
    ? thread.user.read(frame - wordBytes, wordBytes + layout.bytes)
    : undefined;
  if (saved === undefined) {
    return suicide(thread, 'suicide: bad ureg in noted or call to noted when not notified');
  }
  if (how === Noted.Continue || how === Noted.Restore || how === Noted.Save) {
    const view = new DataView(saved.buffer, saved.byteOffset);
    const before = wordBytes === 8 ? Number(view.getBigUint64(0, true)) : view.getUint32(0, true);
    const ureg = saved.subarray(wordBytes);
    if (!mayContinue(state, layout, ureg, how === Noted.Save ? frame - 4 * wordBytes - ERROR_BYTES : undefined))
      return suicide(thread, 'suicide: trap in noted');
    layout.load(thread.cpu, ureg);
    if (how === Noted.Save) keepFrame(thread, frame, wordBytes);
    else {
      const floatingPoint = notes.floatingPoint.get(frame);
      if (floatingPoint !== undefined) thread.cpu.setExtendedState(floatingPoint);
      notes.floatingPoint.delete(frame);
      notes.frame = before;
    }
    notes.isHandling = false;
    thread.attention = notes.pending.length > 0;
    return 0;
  }
  // NDFLT and unknown wishes: the note does what it would have done.
  const note = notes.last ?? { text: 'Suicide', kind: 'debug' as const };
  dieOf(thread, how === Noted.Default ? note : { ...note, kind: 'debug' });
  return 0;
}

/** NSAVE: goes on where the registers say, on a stack below the frame, as if called with the frame's address. */
function keepFrame({ cpu, user }: Thread, frame: number, wordBytes: 4 | 8): void {
  const sp = frame - 4 * wordBytes - ERROR_BYTES;
  const words = new Uint8Array(2 * wordBytes);
  const view = new DataView(words.buffer);
  if (wordBytes === 8) view.setBigUint64(8, BigInt(frame), true);
  else view.setUint32(4, frame, true);
  user.write(sp, words);
  cpu.setRegister(Register.Rsp, BigInt(sp));
  if (wordBytes === 8) cpu.setRegister(Register.Rbp, BigInt(frame));
}

function mayContinue(
  state: Plan9Process,
  layout: ReturnType<typeof uregLayout>,
  ureg: Uint8Array,
  keptStack: number | undefined,
): boolean {
  const view = new DataView(ureg.buffer, ureg.byteOffset);
  const word = (offset: number) =>
    state.wordBytes === 8 ? Number(view.getBigUint64(offset, true)) : view.getUint32(offset, true);
  const stack = keptStack ?? word(layout.spOffset);
  return (
    isAddressable(state, word(layout.pcOffset), 1, false) &&
    isAddressable(
      state,
      stack,
      keptStack === undefined ? state.wordBytes : 4 * state.wordBytes,
      keptStack !== undefined,
    )
  );
}

function suicide(thread: Thread, text: string): number {
  complain(thread, text);
  endWith(thread, 'Suicide');
  return 0;
}
