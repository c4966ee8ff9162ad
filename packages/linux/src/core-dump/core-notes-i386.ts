// The notes about i386 programs that differ from those of 64-bit ones in more than the size of words (fs/compat_binfmt_elf.c, arch/x86/kernel/ptrace.c).
import { type Cpu, Register, type Thread, toBytes } from '@elf/kernel';
import { defineStruct } from '../abi/struct-layout.ts';
import { legacyStateI386 } from '../signals/floating-point-i386.ts';
import { processState, type SignalInfo, signalBit, threadState } from '../signals/signal-state.ts';
import { LEGACY_IMAGE_BYTES, type Note, NoteType } from './note.ts';

const NO_CALL = 0xffff_ffff;
/** -ERESTARTSYS: what a call that waits holds when its process dumps core. */
const RESTART_CALL = -512 >>> 0;
const CODE_SEGMENT = 0x23;
const STACK_SEGMENT = 0x2b;
/** Numbers of the segment registers. */
const SELECTORS = { es: 0, ds: 3, fs: 4, gs: 5 } as const;
/** FSAVE's image: user_i387_ia32_struct. */
const LEGACY_REGISTER_BYTES = 108;
const MOST_WORD_BYTES = 79;
/** Thread-local segments: their number, the first one's place in the GDT (GDT_ENTRY_TLS_MIN), and struct user_desc of full and empty ones. */
const SEGMENTS = 3;
const FIRST_SEGMENT = 12;
const SEGMENT_BYTES = 16;
const WHOLE_LIMIT = 0xfffff;
/** seg_32bit, limit_in_pages, useable; read_exec_only, seg_not_present. */
const FULL_FLAGS = 0x51;
const EMPTY_FLAGS = 0x28;

// struct compat_elf_prstatus; the registers are struct user_regs_struct32.
// biome-ignore format: a table
const status = defineStruct(144, {
  signalNumber: [0, 'i32'], currentSignal: [12, 'u16'], pending: [16, 'u32'], held: [20, 'u32'], thread: [24, 'i32'], parent: [28, 'i32'],
  group: [32, 'i32'], session: [36, 'i32'], rbx: [72, 'u32'], rcx: [76, 'u32'], rdx: [80, 'u32'], rsi: [84, 'u32'], rdi: [88, 'u32'],
  rbp: [92, 'u32'], rax: [96, 'u32'], ds: [100, 'u32'], es: [104, 'u32'], fs: [108, 'u32'], gs: [112, 'u32'], originalRax: [116, 'u32'],
  rip: [120, 'u32'], cs: [124, 'u32'], eflags: [128, 'u32'], rsp: [132, 'u32'], ss: [136, 'u32'], hasFloatingPoint: [140, 'i32'],
});
// struct compat_elf_prpsinfo.
// biome-ignore format: a table
const processInfo = defineStruct(124, {
  state: [0, 'u8'], letter: [1, 'u8'], zombie: [2, 'u8'], nice: [3, 'u8'], user: [8, 'u16'], group: [10, 'u16'], process: [12, 'i32'],
  parent: [16, 'i32'], processGroup: [20, 'i32'], session: [24, 'i32'], name: [28, 'bytes', 16], words: [44, 'bytes', 80],
});
// biome-ignore format: a table
const GENERAL = { rax: Register.Rax, rbx: Register.Rbx, rcx: Register.Rcx, rdx: Register.Rdx, rsi: Register.Rsi, rdi: Register.Rdi, rbp: Register.Rbp, rsp: Register.Rsp } as const;

/** NT_PRSTATUS. The thread must be on the CPU. */
export function narrowStatusNote(thread: Thread, info: SignalInfo): Uint8Array {
  const { cpu, process, call } = thread;
  const own = threadState(thread);
  const pending = [...own.pending, ...processState(process).pending];
  return status.encode({
    ...registersOf(cpu),
    signalNumber: info.signal,
    currentSignal: info.signal,
    pending: low(pending.reduce((bits, { signal }) => bits | signalBit(signal), 0n)),
    held: low(own.mask),
    thread: thread.id,
    parent: process.parent?.id ?? 0,
    group: process.group,
    session: process.session,
    ...(call !== undefined && { rax: RESTART_CALL }),
    originalRax: call === undefined ? NO_CALL : call.number,
    rip: cpu.rip,
    eflags: cpu.flags >>> 0,
    cs: CODE_SEGMENT,
    ss: STACK_SEGMENT,
    hasFloatingPoint: 1,
  });
}

/** NT_PRPSINFO. */
export function narrowProcessNote({ process }: Thread): Uint8Array {
  const { credentials, program } = process;
  return processInfo.encode({
    letter: 'R'.charCodeAt(0),
    user: credentials.user & 0xffff,
    group: credentials.group & 0xffff,
    process: process.id,
    parent: process.parent?.id ?? 0,
    processGroup: process.group,
    session: process.session,
    name: toBytes(process.commandName).slice(0, 15),
    words: toBytes(program.arguments.join(' ')).slice(0, MOST_WORD_BYTES),
  });
}

/** NT_FPREGSET as FSAVE has it, NT_PRXFPREG as FXSAVE has it, and NT_386_TLS. The thread must be on the CPU. */
export function narrowVectorNotes(
  { cpu }: Thread,
  image: Uint8Array,
): { legacy: Note; extended: Note; segments: Note } {
  const legacy = legacyStateI386(cpu, image).slice(0, LEGACY_REGISTER_BYTES);
  return {
    legacy: { owner: 'CORE', type: NoteType.FloatingPoint, content: legacy },
    extended: { owner: 'LINUX', type: NoteType.ExtendedRegisters, content: image.slice(0, LEGACY_IMAGE_BYTES) },
    segments: { owner: 'LINUX', type: NoteType.Segments, content: segmentDescriptors(cpu) },
  };
}

function registersOf(cpu: Cpu): Record<keyof typeof GENERAL | keyof typeof SELECTORS, number> {
  const general = Object.entries(GENERAL).map(([name, number]) => [name, cpu.registerLow(number) >>> 0]);
  const selectors = Object.entries(SELECTORS).map(([name, number]) => [name, cpu.selector(number)]);
  return Object.fromEntries([...general, ...selectors]);
}

/** An array of struct user_desc. */
function segmentDescriptors(cpu: Cpu): Uint8Array {
  const bytes = new Uint8Array(SEGMENTS * SEGMENT_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < SEGMENTS; index += 1) {
    const base = cpu.threadDescriptor(index);
    const words = [FIRST_SEGMENT + index, base ?? 0, base === undefined ? 0 : WHOLE_LIMIT];
    [...words, base === undefined ? EMPTY_FLAGS : FULL_FLAGS].forEach((word, at) => {
      view.setUint32(index * SEGMENT_BYTES + at * 4, word, true);
    });
  }
  return bytes;
}

function low(bits: bigint): number {
  return Number(bits & 0xffff_ffffn);
}
