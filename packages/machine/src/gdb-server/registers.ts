// The registers a debugger sees, as rows: name, size and type for the target description, and where they are in the processor.
// Names and order: GDB manual, appendix G.5.7 (i386 Features).
import type { Cpu, Thread } from '@elf/kernel';
import { fromLittleEndian, littleEndian } from './hexadecimal.ts';

/** The state of one thread while it is on the CPU. */
export interface RegisterFile {
  readonly cpu: Cpu;
  /** x87, SSE and AVX as XSAVE lays them out; what is written here is taken over by {@link storeExtendedState}. */
  readonly image: Uint8Array;
  /** The call a thread waits in. */
  readonly callNumber: number | undefined;
}

/** One register. */
export interface RegisterRow {
  readonly name: string;
  readonly bytes: number;
  readonly type: string;
  readonly feature: 'core' | 'sse' | 'avx' | 'linux' | 'segments';
  readonly group?: string;
  readonly read: (file: RegisterFile) => Uint8Array;
  readonly write: (file: RegisterFile, value: Uint8Array) => void;
}

const FLAGS = 'i386_eflags';
const MXCSR_TYPE = 'i386_mxcsr';
/** Where XSAVE's image has things (SDM vol. 1, section 13.4). */
const MXCSR_AT = 24;
const X87_AT = 32;
const XMM_AT = 160;
const COMPONENTS_AT = 512;
const YMM_HIGH_AT = 576;
const AVX_IMAGE_BYTES = YMM_HIGH_AT + 256;
const VECTOR_BYTES = 16;
const ALL_COMPONENTS = 7;
const EMPTY_TAG = 3;
/** -ERESTARTSYS: what the result register of a waiting call holds, as ptrace shows it. */
const RESTART_CALL = -512n;
// biome-ignore format: a table
const WIDE_NAMES = ['rax', 'rbx', 'rcx', 'rdx', 'rsi', 'rdi', 'rbp', 'rsp', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'];
const WIDE_NUMBERS = [0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15];
const NARROW_NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const POINTERS: Readonly<Record<string, string>> = {
  rbp: 'data_ptr',
  rsp: 'data_ptr',
  esp: 'data_ptr',
  ebp: 'data_ptr',
};
/** Selectors in GDB's order with their numbers in the processor's. */
const SELECTORS = [
  ['cs', 1],
  ['ss', 2],
  ['ds', 3],
  ['es', 0],
  ['fs', 4],
  ['gs', 5],
] as const;

/** Registers of a 64-bit or a 32-bit program. */
export function registerRows(mode: 32 | 64, hasAvx: boolean): readonly RegisterRow[] {
  const vectors = mode === 64 ? 16 : 8;
  return [
    ...generalRows(mode),
    ...SELECTORS.map(([name, number]) => selectorRow(name, number)),
    ...x87Rows(),
    ...Array.from({ length: vectors }, (_, index) =>
      imageRow(`xmm${index}`, XMM_AT + VECTOR_BYTES * index, VECTOR_BYTES, 'vec128', 'sse'),
    ),
    imageRow('mxcsr', MXCSR_AT, 4, MXCSR_TYPE, 'sse', 'vector'),
    ...(hasAvx ? Array.from({ length: vectors }, (_, index) => upperRow(index)) : []),
    callRow(mode),
    ...(mode === 64 ? [baseRow('fs_base', 'fsBase'), baseRow('gs_base', 'gsBase')] : []),
  ];
}

/** Whether an image has the upper halves of the vector registers. */
export function imageHasAvx(image: Uint8Array): boolean {
  return image.length >= AVX_IMAGE_BYTES;
}

/** The registers of a thread that is on the CPU. */
export function registerFile({ cpu, call }: Thread): RegisterFile {
  return { cpu, image: cpu.extendedState().slice(), callNumber: call?.number };
}

/** Takes a changed image over. */
export function storeExtendedState({ cpu, image }: RegisterFile): void {
  if (image.length > COMPONENTS_AT) image[COMPONENTS_AT] |= ALL_COMPONENTS;
  cpu.setExtendedState(image);
}

function generalRows(mode: 32 | 64): RegisterRow[] {
  const bytes = mode / 8;
  const names = mode === 64 ? WIDE_NAMES : NARROW_NAMES;
  const numbers = mode === 64 ? WIDE_NUMBERS : names.map((_, index) => index);
  const rows = names.map((name, index): RegisterRow => {
    const number = numbers[index];
    return {
      name,
      bytes,
      type: POINTERS[name] ?? (mode === 64 ? 'int64' : 'int32'),
      feature: 'core',
      read: ({ cpu, callNumber }) =>
        littleEndian(number === 0 && callNumber !== undefined ? RESTART_CALL : cpu.register(number), bytes),
      write: ({ cpu }, value) => cpu.setRegister(number, fromLittleEndian(value)),
    };
  });
  return [
    ...rows,
    {
      name: mode === 64 ? 'rip' : 'eip',
      bytes,
      type: 'code_ptr',
      feature: 'core',
      read: ({ cpu }) => littleEndian(BigInt(cpu.rip), bytes),
      write: ({ cpu }, value) => {
        cpu.rip = Number(fromLittleEndian(value));
      },
    },
    {
      name: 'eflags',
      bytes: 4,
      type: FLAGS,
      feature: 'core',
      read: ({ cpu }) => littleEndian(BigInt(cpu.flags), 4),
      write: ({ cpu }, value) => {
        cpu.flags = Number(fromLittleEndian(value));
      },
    },
  ];
}

function selectorRow(name: string, number: number): RegisterRow {
  return {
    name,
    bytes: 4,
    type: 'int32',
    feature: 'core',
    read: ({ cpu }) => littleEndian(BigInt(cpu.selector(number)), 4),
    // CS stays: another mode is no register's change.
    write: ({ cpu }, value) =>
      void (number === 1 || cpu.loadSelector(number, Number(fromLittleEndian(value)) & 0xffff)),
  };
}

function x87Rows(): RegisterRow[] {
  const control = (name: string, offset: number, bytes: number) =>
    imageRow(name, offset, bytes, 'int', 'core', 'float', 4);
  return [
    ...Array.from({ length: 8 }, (_, index) =>
      imageRow(`st${index}`, X87_AT + VECTOR_BYTES * index, 10, 'i387_ext', 'core'),
    ),
    control('fctrl', 0, 2),
    control('fstat', 2, 2),
    {
      ...control('ftag', 4, 1),
      read: ({ image }) => littleEndian(fullTags(image), 4),
      write: ({ image }, value) => {
        image[4] = shortTags(Number(fromLittleEndian(value)));
      },
    },
    control('fiseg', 12, 2),
    control('fioff', 8, 4),
    control('foseg', 20, 2),
    control('fooff', 16, 4),
    control('fop', 6, 2),
  ];
}

/** A register that is a part of the image. */
function imageRow(
  name: string,
  offset: number,
  length: number,
  type: string,
  feature: RegisterRow['feature'],
  group?: string,
  bytes = length,
): RegisterRow {
  return {
    name,
    bytes,
    type,
    feature,
    group,
    read: ({ image }) => {
      const value = new Uint8Array(bytes);
      value.set(image.subarray(offset, offset + length));
      return value;
    },
    write: ({ image }, value) => image.set(value.subarray(0, length), offset),
  };
}

function upperRow(index: number): RegisterRow {
  return imageRow(`ymm${index}h`, YMM_HIGH_AT + VECTOR_BYTES * index, VECTOR_BYTES, 'uint128', 'avx');
}

function callRow(mode: 32 | 64): RegisterRow {
  const bytes = mode / 8;
  return {
    name: mode === 64 ? 'orig_rax' : 'orig_eax',
    bytes,
    type: mode === 64 ? 'int64' : 'int32',
    feature: 'linux',
    group: 'system',
    read: ({ callNumber }) => littleEndian(BigInt(callNumber ?? -1), bytes),
    // GDB writes -1 before it calls a function: no call is to start again, and none does here.
    write: () => {},
  };
}

function baseRow(name: string, field: 'fsBase' | 'gsBase'): RegisterRow {
  return {
    name,
    bytes: 8,
    type: 'int',
    feature: 'segments',
    read: ({ cpu }) => littleEndian(cpu[field], 8),
    write: ({ cpu }, value) => {
      cpu[field] = fromLittleEndian(value);
    },
  };
}

/** The 16-bit tag word from the byte FXSAVE keeps: which of valid, zero, special and empty each register is (SDM vol. 1, section 10.5.1.1). */
function fullTags(image: Uint8Array): bigint {
  const top = (image[3] >> 3) & 7;
  let tags = 0;
  for (let physical = 0; physical < 8; physical += 1) {
    const at = X87_AT + VECTOR_BYTES * ((physical + 8 - top) % 8);
    const tag = image[4] & (1 << physical) ? kindOf(image.subarray(at, at + 10)) : EMPTY_TAG;
    tags |= tag << (2 * physical);
  }
  return BigInt(tags);
}

function kindOf(value: Uint8Array): number {
  const exponent = (value[9] & 0x7f) * 256 + value[8];
  if (exponent === 0) return value.subarray(0, 8).every((byte) => byte === 0) ? 1 : 2;
  return exponent === 0x7fff || (value[7] & 0x80) === 0 ? 2 : 0;
}

function shortTags(tags: number): number {
  let short = 0;
  for (let physical = 0; physical < 8; physical += 1)
    if (((tags >> (2 * physical)) & 3) !== EMPTY_TAG) short |= 1 << physical;
  return short;
}
