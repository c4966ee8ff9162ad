// Where the parts of a Plan 9 program go, and whether a kernel accepts that (sys/src/9/port/sysproc.c, sysexec).
import { guestPageCeiling, roundUp } from '@elf/pagesize';
import type { Plan9Header } from '@elf/parse';
import { hex } from '../exec-record.ts';
import { type Plan9Target, STACK_SEGMENT_BYTES } from './machines.ts';

/** Addresses of the four segments. Text, data and bss may be empty; each starts at a page. */
export interface Plan9Segments {
  /** UTZERO; the header is the first thing there. */
  readonly textStart: number;
  /** End of the last byte of code, not rounded. */
  readonly textEnd: number;
  readonly dataStart: number;
  /** End of the initialised bytes, not rounded: C's `edata`. */
  readonly dataEnd: number;
  /** Where the bss segment starts: the page behind the data. */
  readonly bssStart: number;
  /** End of the zeroed bytes, not rounded: C's `end`. */
  readonly end: number;
  readonly bssEnd: number;
  readonly stackStart: number;
  readonly stackTop: number;
}

/** Computes the places. Sizes are 32-bit and the addresses below 2^47, so plain numbers are exact. */
export function placeSegments(target: Plan9Target, header: Plan9Header): Plan9Segments {
  const textEnd = target.textAddress + header.textOffset + header.text;
  const dataStart = roundUp(textEnd, target.dataAlignment);
  const dataEnd = dataStart + header.data;
  const end = dataEnd + header.bss;
  return {
    textStart: target.textAddress,
    textEnd,
    dataStart,
    dataEnd,
    bssStart: guestPageCeiling(dataEnd),
    end,
    bssEnd: guestPageCeiling(end),
    stackStart: target.stackTop - STACK_SEGMENT_BYTES,
    stackTop: target.stackTop,
  };
}

/** A broken condition of "exec header invalid". */
export interface HeaderFault {
  readonly rule: 'plan9-entry' | 'plan9-segments';
  readonly sentence: string;
}

/** Why a Plan 9 kernel answers "exec header invalid" for these numbers; undefined when it does not. */
export function headerFault(header: Plan9Header, segments: Plan9Segments): HeaderFault | undefined {
  const firstCode = BigInt(segments.textStart + header.textOffset);
  if (header.entry < firstCode || header.entry >= BigInt(segments.textEnd)) {
    const code = `${hex(firstCode)}-${hex(segments.textEnd)}`;
    return { rule: 'plan9-entry', sentence: `The entry ${hex(header.entry)} is outside the code ${code}.` };
  }
  const { dataStart, bssStart, bssEnd, stackStart } = segments;
  const places = [
    ['data segment starts', dataStart],
    ['data segment ends', bssStart],
    ['bss segment ends', bssEnd],
  ] as const;
  const tooHigh = places.find(([, address]) => address >= stackStart);
  if (tooHigh === undefined) return undefined;
  const [what, address] = tooHigh;
  const sentence = `The ${what} at ${hex(address)}, not below the stack segment at ${hex(stackStart)}.`;
  return { rule: 'plan9-segments', sentence };
}
