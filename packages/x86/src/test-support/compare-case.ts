// Compares our CPU after a case with what the hardware did: registers, flags, vectors, x87, MXCSR, memory, and how the case ended.
import type { CpuExit } from '../cpu-exit.ts';
import type { Decoder } from '../decode/decoder.ts';
import { createInstruction } from '../decode/instruction.ts';
import { AF, CF, DF, OF, PF, SF, STATUS_FLAGS, ZF } from '../state/flags.ts';
import { FXSAVE, GPR, VECTOR } from '../state/layout.ts';
import type { Batch } from './batch.ts';
import type { BatchResult } from './hardware.ts';
import * as layout from './recorder-layout.ts';
import type { Subject } from './subject.ts';
import { undefinedFlags, undefinedResult } from './undefined-flags.ts';

/** One thing that differs: what, what hardware has, what we have. */
export interface Difference {
  readonly part: 'exit' | 'register' | 'flags' | 'vector' | 'x87' | 'mxcsr' | 'memory' | 'segment';
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
}

export const REGISTER_NAMES = [
  'rax',
  'rcx',
  'rdx',
  'rbx',
  'rsp',
  'rbp',
  'rsi',
  'rdi',
  'r8',
  'r9',
  'r10',
  'r11',
  'r12',
  'r13',
  'r14',
  'r15',
];
const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'];
const PAGE = 4096;

// Addresses in the kernel's half are rounded on our side, where they are numbers: only that they are there is compared.
const place = (value: bigint | number): string => (Number(value) >= 2 ** 63 ? 'the kernel half' : hex(value));
const hex = (value: bigint | number): string => `0x${value.toString(16)}`;

/** Results may be one unit in the last place off, and C1 (rounded up) with them: the manual promises no more (SDM vol. 1, 8.3.10). */
export const TRANSCENDENTAL = /^(f2xm1|fsin|fcos|fsincos|fptan|fpatan|fyl2x|fyl2xp1)$/;
const C1 = 0x200;
const OVERFLOW_AND_UNDERFLOW = 0x18;

/**
 * Status bits that hang on the last unit of a transcendental result: C1 always, and OE and UE where the result is the largest
 * finite number, infinite, the smallest normal number or denormal, so that the next representable one lies beyond the range.
 */
function unpromisedStatus(results: Buffer, at: number): number {
  const exponent = results.readUInt16LE(at + layout.X87_STACK_AT + 8) & 0x7fff;
  return exponent <= 1 || exponent >= 0x7ffe ? C1 | OVERFLOW_AND_UNDERFLOW : C1;
}

const MASKED_STORE = /^vp?maskmov(ps|pd|d|q)$/;

/** Compares case by case. */
export class CaseComparison {
  private readonly decoders: Readonly<Record<32 | 64, Decoder>>;
  private readonly instruction = createInstruction();
  private mnemonic = '';

  constructor(decoders: Readonly<Record<32 | 64, Decoder>>) {
    this.decoders = decoders;
  }

  /** The differences of one case, empty when we agree. Leaves our memory changed: the caller restores it. */
  compare(batch: Batch, index: number, answer: BatchResult, subject: Subject, exit: CpuExit): Difference[] {
    const at = index * layout.RECORD_BYTES;
    const { results } = answer;
    const found: Difference[] = [];
    const add = (part: Difference['part'], name: string, expected: string, actual: string) =>
      found.push({ part, name, expected, actual });
    const undefinedMask = this.undefinedMask(batch, index);
    if (undefinedMask === -1) return found;
    const ended = this.compareExit(batch, index, results, at, subject, exit, add);
    if (ended === 'unsupported') return found;
    const { u8 } = subject.memory;
    const ours = Buffer.from(u8.buffer, subject.cpu.state, 4096);
    if (results.compare(ours, GPR, GPR + 128, at + layout.GPR_AT, at + layout.GPR_AT + 128) !== 0) {
      for (let register = 0; register < 16; register += 1) {
        // A transfer from 64-bit to 32-bit mode leaves upper halves undefined (SDM vol. 1, section 3.4.1.1).
        const bits = register < 8 && subject.cpu.mode === 32 ? 32 : 64;
        const expected = BigInt.asUintN(bits, results.readBigUInt64LE(at + layout.GPR_AT + 8 * register));
        const actual = BigInt.asUintN(bits, ours.readBigUInt64LE(GPR + 8 * register));
        if (expected !== actual) add('register', REGISTER_NAMES[register], hex(expected), hex(actual));
      }
    }
    const mask = (STATUS_FLAGS | DF) & ~undefinedMask;
    const expectedFlags = results.readUInt32LE(at + layout.FLAGS_AT) & mask;
    const actualFlags = subject.cpu.flags & mask;
    if (expectedFlags !== actualFlags) add('flags', 'rflags', flagText(expectedFlags), flagText(actualFlags));
    if (
      results.compare(
        ours,
        VECTOR,
        VECTOR + layout.YMM_BYTES,
        at + layout.YMM_AT,
        at + layout.YMM_AT + layout.YMM_BYTES,
      ) !== 0
    ) {
      for (let register = 0; register < 16; register += 1) {
        const expected = results.subarray(at + layout.YMM_AT + 32 * register, at + layout.YMM_AT + 32 * register + 32);
        const actual = ours.subarray(VECTOR + 32 * register, VECTOR + 32 * register + 32);
        if (expected.compare(actual) !== 0) add('vector', `ymm${register}`, lanes(expected), lanes(actual));
      }
    }
    const expectedMxcsr = results.readUInt32LE(at + layout.MXCSR_AT);
    const actualMxcsr = ours.readUInt32LE(FXSAVE + 24);
    if (expectedMxcsr !== actualMxcsr) add('mxcsr', 'mxcsr', hex(expectedMxcsr), hex(actualMxcsr));
    for (const [name, offset] of [
      ['fs', layout.FS_BASE_AT],
      ['gs', layout.GS_BASE_AT],
    ] as const) {
      const expected = results.readBigUInt64LE(at + offset);
      const actual = name === 'fs' ? subject.cpu.fsBase : subject.cpu.gsBase;
      if (expected !== actual) add('segment', name, hex(expected), hex(actual));
    }
    SEGMENT_NAMES.forEach((name, number) => {
      const expected = results.readUInt16LE(at + layout.RESULT_SELECTORS_AT + 2 * number);
      // The way back from the signal handler clears the privilege level of null selectors.
      const found = subject.cpu.selector(number);
      const actual = found < 4 ? 0 : found;
      if (expected !== actual) add('segment', name, hex(expected), hex(actual));
    });
    this.compareX87(results, at, ours, add);
    // Stores of more than 8 bytes and the push of a call whose target is refused may be left half done on hardware.
    const isPartial =
      results[at + layout.RESULT_VECTOR_AT] >= 12 && /^(call|f[a-z]*st|fbstp|enter)/.test(this.mnemonic);
    if (!isPartial) this.compareMemory(batch, index, answer, subject, add);
    return found;
  }

  private compareExit(
    batch: Batch,
    index: number,
    results: Buffer,
    at: number,
    subject: Subject,
    exit: CpuExit,
    add: (part: 'exit', name: string, expected: string, actual: string) => void,
  ): string {
    const start = layout.CODE_BASE + batch.bytes.readUInt32LE(batch.offsetOf(index) + layout.CASE_OFFSET_AT);
    const isStepped = (batch.bytes[batch.offsetOf(index) + layout.CASE_MODE_AT] & layout.MODE_SINGLE_STEP) !== 0;
    const expected = hardwareExit(results, at, start, isStepped);
    const actual = ourExit(exit, subject.cpu.rip, start);
    // Which byte of a page masked stores name varies with mask and position (Sapphire Rapids): the page is compared.
    const page = (text: string) => text.replace(/fault at (0x[0-9a-f]+?)[0-9a-f]{3} /, 'fault in $1000 ');
    if (MASKED_STORE.test(this.mnemonic) && page(expected) === page(actual)) return 'done';
    // Which of two operands that both fault is reported first is not defined.
    const isRefusal = (text: string) => /^(fault|exception 17) /.test(text);
    if (this.mnemonic === 'cmps' && isRefusal(expected) && isRefusal(actual)) return 'done';
    if (exit.kind === 'unsupported' && expected.startsWith('exception 6 ')) return 'done';
    if (expected !== actual) add('exit', 'exit', expected, actual);
    return exit.kind === 'unsupported' ? 'unsupported' : 'done';
  }

  private compareX87(
    results: Buffer,
    at: number,
    ours: Buffer,
    add: (part: 'x87', name: string, expected: string, actual: string) => void,
  ): void {
    const isTranscendental = TRANSCENDENTAL.test(this.mnemonic);
    for (const [name, offset] of [
      ['control', 0],
      ['status', 2],
      ['tags', 4],
    ] as const) {
      const expected =
        offset === 4 ? results[at + layout.X87_AT + 4] : results.readUInt16LE(at + layout.X87_AT + offset);
      const actual = offset === 4 ? ours[FXSAVE + 4] : ours.readUInt16LE(FXSAVE + offset);
      const ignored = name === 'status' && isTranscendental ? unpromisedStatus(results, at) : 0;
      if ((expected | ignored) !== (actual | ignored)) add('x87', name, hex(expected), hex(actual));
    }
    const top = (ours[FXSAVE + 3] >> 3) & 7;
    for (let register = 0; register < 8; register += 1) {
      const from = at + layout.X87_STACK_AT + 16 * register;
      const mine = FXSAVE + 32 + 16 * ((register + top) & 7);
      const isClose = isTranscendental && distance(results, from, ours, mine) <= 1n;
      if (!isClose && results.compare(ours, mine, mine + 10, from, from + 10) !== 0) {
        const text = (bytes: Buffer, start: number) =>
          `${hex(bytes.readUInt16LE(start + 8))}:${hex(bytes.readBigUInt64LE(start))}`;
        add('x87', `st${register}`, text(results, from), text(ours, mine));
      }
    }
  }

  // Every page must equal the image before, with the patches and then the hardware's changes put over it.
  private compareMemory(
    batch: Batch,
    index: number,
    answer: BatchResult,
    subject: Subject,
    add: (part: 'memory', name: string, expected: string, actual: string) => void,
  ): void {
    const expected = expectedImage(batch, index, answer);
    subject.imageFrames.forEach((frame, page) => {
      const actual = Buffer.from(subject.memory.u8.buffer, frame, PAGE);
      const wanted = expected.subarray(page * PAGE, (page + 1) * PAGE);
      if (wanted.equals(actual)) return;
      let reported = 0;
      for (let offset = 0; offset < PAGE && reported < 4; offset += 8) {
        const [left, right] = [wanted.readBigUInt64LE(offset), actual.readBigUInt64LE(offset)];
        if (left === right) continue;
        add(
          'memory',
          hex((page < 2 ? layout.DATA_BASE + page * PAGE : layout.STACK_BASE) + offset),
          hex(left),
          hex(right),
        );
        reported += 1;
      }
    });
    // Undo what this case put into the scratch image.
    restoreScratch(batch);
  }

  // -1: the result is undefined as well, so there is nothing to compare.
  private undefinedMask(batch: Batch, index: number): number {
    const at = batch.offsetOf(index) + layout.CASE_CODE_AT;
    const mode = caseMode(batch, index);
    const result = this.decoders[mode].decode(batch.bytes, at, at + 15, 0, this.instruction);
    if (batch.bytes[batch.offsetOf(index) + layout.CASE_MODE_AT] & layout.MODE_SEQUENCE) {
      this.mnemonic = '';
      return AF;
    }
    this.mnemonic = result === 0 ? this.instruction.candidate.mnemonic : '';
    if (result !== 0) return 0;
    const cl = batch.bytes[batch.offsetOf(index) + layout.GPR_AT + 8];
    return undefinedResult(this.instruction, cl) ? -1 : undefinedFlags(this.instruction, cl);
  }
}

/** The mode a case runs in. */
export function caseMode(batch: Batch, index: number): 32 | 64 {
  return (batch.bytes[batch.offsetOf(index) + layout.CASE_MODE_AT] & layout.MODE_PROTECTED) !== 0 ? 32 : 64;
}

// In units of the last place; 79-bit patterns of one sign are in order of value.
function distance(left: Buffer, leftAt: number, right: Buffer, rightAt: number): bigint {
  const pattern = (bytes: Buffer, at: number) => {
    const top = bytes.readUInt16LE(at + 8);
    const magnitude = (BigInt(top & 0x7fff) << 63n) | (bytes.readBigUInt64LE(at) & 0x7fff_ffff_ffff_ffffn);
    return top & 0x8000 ? -magnitude : magnitude;
  };
  const difference = pattern(left, leftAt) - pattern(right, rightAt);
  return difference < 0n ? -difference : difference;
}

const scratch = Buffer.alloc(layout.IMAGE_BYTES);
let scratchOwner: Batch | undefined;
let scratchTouched: [number, number][] = [];

function expectedImage(batch: Batch, index: number, answer: BatchResult): Buffer {
  if (scratchOwner !== batch || scratchTouched.length > 0) batch.image.copy(scratch);
  scratchOwner = batch;
  scratchTouched = [];
  const at = batch.offsetOf(index);
  const { bytes } = batch;
  const patches = bytes.readUInt16LE(at + layout.CASE_PATCHES_AT);
  for (let patch = 0; patch < patches; patch += 1) {
    const start = at + layout.CASE_PATCH_AT + patch * layout.PATCH_BYTES;
    const address = bytes.readUInt32LE(start);
    const length = bytes.readUInt32LE(start + 4);
    for (let k = 0; k < length; k += 1) {
      const offset = imageOffset(address + k);
      if (offset >= 0) put(offset, bytes[start + 8 + k]);
    }
  }
  const result = index * layout.RECORD_BYTES;
  const changes = answer.results.readUInt16LE(result + layout.RESULT_CHANGES_AT);
  const first = answer.results.readUInt32LE(result + layout.RESULT_CHANGE_OFFSET_AT);
  for (let change = 0; change < changes; change += 1) {
    const from = first + change * layout.CHANGE_BYTES;
    const offset = answer.changes.readUInt32LE(from);
    for (let k = 0; k < 8; k += 1) put(offset + k, answer.changes[from + 8 + k]);
  }
  return scratch;
}

function put(offset: number, value: number): void {
  scratch[offset] = value;
  scratchTouched.push([offset, 1]);
}

function restoreScratch(batch: Batch): void {
  const { image } = batch;
  for (const [offset] of scratchTouched) scratch[offset] = image[offset];
  scratchTouched = [];
}

function imageOffset(address: number): number {
  if (address >= layout.DATA_BASE && address < layout.DATA_BASE + layout.DATA_BYTES) return address - layout.DATA_BASE;
  const stack = address - layout.STACK_BASE;
  return stack >= 0 && stack < layout.STACK_BYTES ? layout.DATA_BYTES + stack : -1;
}

/** How hardware ended a case, in words that `ourExit` uses too. `start` is the address of the instruction. */
export function hardwareExit(results: Buffer, at: number, start: number, isStepped: boolean): string {
  const vector = results[at + layout.RESULT_VECTOR_AT];
  const signal = results[at + layout.RESULT_SIGNAL_AT];
  const rip = Number(results.readBigUInt64LE(at + layout.RESULT_RIP_AT));
  if (signal === 14) return 'does not end';
  if (signal === 31) return 'system call';
  // Single-step traps and the int3 behind the code are the usual end.
  // INT1 has a signal code of its own, but a timer signal in the same moment can give it to a single step as well.
  if (vector === 1 && (isStepped || results.readUInt32LE(at + layout.RESULT_CODE_AT) !== 1))
    return `continues at ${place(rip)}`;
  if (vector === 3 && rip !== start + 1) return `continues at ${place(rip - 1)}`;
  if (vector === 14) {
    const error = results.readUInt32LE(at + layout.RESULT_ERROR_AT);
    const access = error & 16 ? 2 : error & 2 ? 1 : 0;
    return `fault at ${place(Number(results.readBigUInt64LE(at + layout.RESULT_FAULT_AT)))} access ${access} rip ${hex(rip)}`;
  }
  const code = vector === 13 ? results.readUInt32LE(at + layout.RESULT_ERROR_AT) : 0;
  return `exception ${vector}${selectorText(code)} rip ${hex(rip)}`;
}

const selectorText = (code: number): string => (code === 0 ? '' : ` selector ${hex(code)}`);

export function ourExit(exit: CpuExit, rip: number, start: number): string {
  switch (exit.kind) {
    case 'budget':
      return `continues at ${place(rip)}`;
    case 'fault':
      // A jump to where no code is has been done; the fetch that fails belongs to the next instruction.
      if (exit.access === 2 && rip !== start) return `continues at ${place(rip)}`;
      return `fault at ${place(exit.address)} access ${exit.access} rip ${hex(rip)}`;
    case 'exception':
      if (exit.vector === 3 && rip !== start + 1) return `continues at ${place(rip - 1)}`;
      return `exception ${exit.vector}${selectorText(exit.errorCode ?? 0)} rip ${hex(rip)}`;
    case 'unsupported':
      return rip === start ? 'unsupported' : `continues at ${place(rip)}`;
    default:
      return exit.kind;
  }
}

/** RFLAGS as letters, for messages. */
export function flagText(flags: number): string {
  const names: [number, string][] = [
    [CF, 'CF'],
    [PF, 'PF'],
    [AF, 'AF'],
    [ZF, 'ZF'],
    [SF, 'SF'],
    [DF, 'DF'],
    [OF, 'OF'],
  ];
  return (
    names
      .filter(([bit]) => flags & bit)
      .map(([, name]) => name)
      .join(' ') || '-'
  );
}

function lanes(bytes: Buffer): string {
  return [24, 16, 8, 0].map((at) => bytes.readBigUInt64LE(at).toString(16).padStart(16, '0')).join('_');
}
