// The stack a Plan 9 program starts with: argc, argv, strings and the top-of-stack structure, no environment and no vector.
import { roundUp } from '@elf/pagesize';
import type { Plan9Target } from './machines.ts';

/** The used top of the stack segment: addresses, and every byte from the stack pointer up. */
export interface Plan9Stack {
  readonly stackPointer: number;
  /** Address of the Tos structure, which the program gets in its first register. */
  readonly tos: number;
  readonly argumentStart: number;
  readonly argumentEnd: number;
  /** What lies from the stack pointer to the end of the segment. */
  readonly bytes: Uint8Array;
}

/**
 * Lays the stack out as the kernel does (sys/src/9/port/sysproc.c, sysexec). From the top: the Tos structure, the strings with
 * the first one lowest, padding, a nil, the pointers to the strings, and argc as one full word where the stack pointer points.
 *
 * @param maximumBytes size of the stack segment.
 * @returns undefined when the arguments do not fit.
 */
export function plan9Stack(
  target: Plan9Target,
  argv: readonly Uint8Array[],
  processId: number,
  maximumBytes: number,
): Plan9Stack | undefined {
  const { stackTop, tos } = target;
  const word = target.machine.pointerSize;
  const stringBytes = argv.reduce((sum, string) => sum + string.length + 1, 0);
  const topBytes = tos.bytes + stringBytes;
  const vectorBytes = (argv.length + 1) * word;
  const unpadded = vectorBytes + roundUp(topBytes, word);
  // The 386 keeps argc, argv and all above it a multiple of 8 bytes long, so that doubles on the stack are aligned.
  const size = word === 4 ? roundUp(unpadded + word, 8) : unpadded + word;
  if (size > maximumBytes) return undefined;

  const stackPointer = stackTop - size;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  const putWord = (offset: number, value: number) => {
    if (word === 8) view.setBigUint64(offset, BigInt(value), true);
    else view.setUint32(offset, value, true);
  };
  putWord(0, argv.length);
  const argumentStart = stackTop - topBytes;
  let address = argumentStart;
  argv.forEach((string, index) => {
    putWord(word * (index + 1), address);
    bytes.set(string, address - stackPointer);
    address += string.length + 1;
  });
  const tosAddress = stackTop - tos.bytes;
  view.setUint32(tosAddress - stackPointer + tos.pidOffset, processId, true);
  return { stackPointer, tos: tosAddress, argumentStart, argumentEnd: address, bytes };
}
