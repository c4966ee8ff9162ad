// The saved registers a note handler gets: struct Ureg of amd64 and 386 (/amd64/include/ureg.h, /386/include/ureg.h).
import { type Cpu, Register } from '@elf/kernel';

/** What was trapped last, as Ureg tells it. */
export interface TrapNumbers {
  readonly vector: number;
  readonly errorCode: number;
}

/** How one machine lays its registers out. */
interface UregLayout {
  readonly bytes: number;
  encode(cpu: Cpu, trap: TrapNumbers): Uint8Array;
  /** Loads the registers a handler may change. Segments and system flags stay as they are. */
  load(cpu: Cpu, bytes: Uint8Array): void;
  /** Offset of the program counter. */
  readonly pcOffset: number;
  readonly spOffset: number;
}

const { Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, Rsp, R8, R9, R10, R11, R12, R13, R14, R15 } = Register;

/** Flags that a program may set: the low byte. The rest is the system's (setregisters). */
const USER_FLAGS = 0xff;

/** Selectors of 9front's user segments; handlers see these whatever the CPU here uses. */
const AMD64_SELECTORS = { code: 0x2b, data: 0x23 } as const;
const I386_SELECTORS = { code: 0x23, data: 0x1b } as const;

const AMD64_ORDER = [Rax, Rbx, Rcx, Rdx, Rsi, Rdi, Rbp, R8, R9, R10, R11, R12, R13, R14, R15];
/** Behind the fifteen registers: four 16-bit selectors, then type, error, pc, cs, flags, sp, ss. */
const AMD64_TYPE = 128;

const amd64: UregLayout = {
  bytes: 184,
  pcOffset: AMD64_TYPE + 16,
  spOffset: AMD64_TYPE + 40,
  encode: (cpu, { vector, errorCode }) => {
    const bytes = new Uint8Array(184);
    const view = new DataView(bytes.buffer);
    AMD64_ORDER.forEach((register, index) => {
      view.setBigUint64(index * 8, cpu.register(register), true);
    });
    for (const offset of [120, 122, 124, 126]) view.setUint16(offset, AMD64_SELECTORS.data, true);
    const words = [vector, errorCode, cpu.rip, AMD64_SELECTORS.code, cpu.flags >>> 0];
    words.forEach((word, index) => {
      view.setBigUint64(AMD64_TYPE + index * 8, BigInt(word), true);
    });
    view.setBigUint64(AMD64_TYPE + 40, cpu.register(Rsp), true);
    view.setBigUint64(AMD64_TYPE + 48, BigInt(AMD64_SELECTORS.data), true);
    return bytes;
  },
  load: (cpu, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    AMD64_ORDER.forEach((register, index) => {
      cpu.setRegister(register, view.getBigUint64(index * 8, true));
    });
    cpu.setRegister(Rsp, view.getBigUint64(AMD64_TYPE + 40, true));
    cpu.rip = Number(BigInt.asUintN(47, view.getBigUint64(AMD64_TYPE + 16, true)));
    loadFlags(cpu, view.getUint32(AMD64_TYPE + 32, true));
  },
};

/** di si bp (a copy of sp) bx dx cx ax, gs fs es ds, trap, error, pc, cs, flags, sp, ss. */
const I386_ORDER = [Rdi, Rsi, Rbp, undefined, Rbx, Rdx, Rcx, Rax];
const I386_TRAP = 48;

const i386: UregLayout = {
  bytes: 76,
  pcOffset: I386_TRAP + 8,
  spOffset: I386_TRAP + 20,
  encode: (cpu, { vector, errorCode }) => {
    const bytes = new Uint8Array(76);
    const view = new DataView(bytes.buffer);
    I386_ORDER.forEach((register, index) => {
      if (register !== undefined) view.setUint32(index * 4, cpu.registerLow(register), true);
    });
    // FS and GS are null (9front); ES and DS the data segment.
    for (const offset of [40, 44]) view.setUint32(offset, I386_SELECTORS.data, true);
    const words = [
      vector,
      errorCode,
      cpu.rip,
      I386_SELECTORS.code,
      cpu.flags,
      cpu.registerLow(Rsp),
      I386_SELECTORS.data,
    ];
    words.forEach((word, index) => {
      view.setUint32(I386_TRAP + index * 4, word, true);
    });
    return bytes;
  },
  load: (cpu, bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    I386_ORDER.forEach((register, index) => {
      if (register !== undefined) cpu.setRegisterHalves(register, view.getInt32(index * 4, true), 0);
    });
    cpu.setRegisterHalves(Rsp, view.getInt32(I386_TRAP + 20, true), 0);
    cpu.rip = view.getUint32(I386_TRAP + 8, true);
    loadFlags(cpu, view.getUint32(I386_TRAP + 16, true));
  },
};

function loadFlags(cpu: Cpu, flags: number): void {
  cpu.flags = (cpu.flags & ~USER_FLAGS) | (flags & USER_FLAGS);
}

/** The layout of a process by the bytes of its words. */
export function uregLayout(wordBytes: 4 | 8): UregLayout {
  return wordBytes === 8 ? amd64 : i386;
}
