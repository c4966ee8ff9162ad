// The notes of a core file: processes, threads, signal, auxiliary vector, mapped files, vector state (fs/binfmt_elf.c).
import { encodeText, Register, type Thread, toBytes } from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { defineStruct } from '../abi/struct-layout.ts';
import { encodeInfo } from '../signals/signal-information.ts';
import { processState, type SignalInfo, signalBit, threadState } from '../signals/signal-state.ts';
import { narrowProcessNote, narrowStatusNote, narrowVectorNotes } from './core-notes-i386.ts';
import { LEGACY_IMAGE_BYTES, type Note, NoteType } from './note.ts';

const CODE_SEGMENT = 0x33;
const STACK_SEGMENT = 0x2b;
const NO_CALL = (1n << 64n) - 1n;
/** -ERESTARTSYS: what a call that waits holds when its process dumps core. */
const RESTART_CALL = BigInt.asUintN(64, -512n);
/** Where XSAVE's image tells programs and debuggers which components it has (arch/x86/include/asm/user.h, user_xstateregs). */
const COMPONENTS_MARK_AT = 464;
const LEGACY_COMPONENTS = 3n;
const AVX_COMPONENT = 4n;
const AVX_IMAGE_BYTES = 832;

// struct elf_prstatus; the registers are struct user_regs_struct.
// biome-ignore format: a table
const status = defineStruct(336, {
  signalNumber: [0, 'i32'], currentSignal: [12, 'u16'], pending: [16, 'u64'], held: [24, 'u64'], thread: [32, 'i32'], parent: [36, 'i32'],
  group: [40, 'i32'], session: [44, 'i32'], r15: [112, 'u64'], r14: [120, 'u64'], r13: [128, 'u64'], r12: [136, 'u64'], rbp: [144, 'u64'],
  rbx: [152, 'u64'], r11: [160, 'u64'], r10: [168, 'u64'], r9: [176, 'u64'], r8: [184, 'u64'], rax: [192, 'u64'], rcx: [200, 'u64'],
  rdx: [208, 'u64'], rsi: [216, 'u64'], rdi: [224, 'u64'], originalRax: [232, 'u64'], rip: [240, 'u64'], cs: [248, 'u64'],
  eflags: [256, 'u64'], rsp: [264, 'u64'], ss: [272, 'u64'], fsBase: [280, 'u64'], gsBase: [288, 'u64'], hasFloatingPoint: [328, 'i32'],
});
// struct elf_prpsinfo.
// biome-ignore format: a table
const processInfo = defineStruct(136, {
  state: [0, 'u8'], letter: [1, 'u8'], zombie: [2, 'u8'], nice: [3, 'u8'], user: [16, 'u32'], group: [20, 'u32'], process: [24, 'i32'],
  parent: [28, 'i32'], processGroup: [32, 'i32'], session: [36, 'i32'], name: [40, 'bytes', 16], words: [56, 'bytes', 80],
});
/** The last byte of pr_psargs stays zero. */
const MOST_WORD_BYTES = 79;

/** The notes about the thread that died, which come first, with those about its process. The thread must be on the CPU. */
export function firstThreadNotes(thread: Thread, info: SignalInfo): Note[] {
  const [own, ...vectors] = threadNotes(thread, info);
  const { program } = thread.process;
  return [
    own,
    note(NoteType.Process, isNarrow(thread) ? narrowProcessNote(thread) : processNote(thread)),
    note(NoteType.SignalInfo, encodeInfo(info, isNarrow(thread) ? 4 : 8)),
    note(NoteType.Auxiliary, program.auxiliaryVector),
    ...fileNotes(thread),
    ...vectors,
  ];
}

/** The notes about one thread, its registers first. The thread must be on the CPU. */
export function threadNotes(thread: Thread, info: SignalInfo): Note[] {
  const image = thread.cpu.extendedState();
  if (isNarrow(thread)) {
    const { legacy, extended, segments } = narrowVectorNotes(thread, image);
    return [note(NoteType.Status, narrowStatusNote(thread, info)), legacy, extended, ...extendedNotes(image), segments];
  }
  return [
    note(NoteType.Status, statusNote(thread, info)),
    note(NoteType.FloatingPoint, image.slice(0, LEGACY_IMAGE_BYTES)),
    ...extendedNotes(image),
  ];
}

function isNarrow({ cpu }: Thread): boolean {
  return cpu.mode === 32;
}

/** All that XSAVE has; none on a processor without it. */
function extendedNotes(image: Uint8Array): Note[] {
  if (image.length === LEGACY_IMAGE_BYTES) return [];
  const marked = image.slice();
  const components = LEGACY_COMPONENTS | (image.length >= AVX_IMAGE_BYTES ? AVX_COMPONENT : 0n);
  new DataView(marked.buffer).setBigUint64(COMPONENTS_MARK_AT, components, true);
  return [{ owner: 'LINUX', type: NoteType.ExtendedState, content: marked }];
}

function note(type: number, content: Uint8Array): Note {
  return { owner: 'CORE', type, content };
}

function statusNote(thread: Thread, info: SignalInfo): Uint8Array {
  const { cpu, process, call } = thread;
  const own = threadState(thread);
  const registers = Object.fromEntries(
    Object.entries(Register).map(([name, number]) => [name.toLowerCase(), cpu.register(number)]),
  );
  const pending = [...own.pending, ...processState(process).pending];
  return status.encode({
    ...registers,
    signalNumber: info.signal,
    currentSignal: info.signal,
    pending: pending.reduce((bits, { signal }) => bits | signalBit(signal), 0n),
    held: own.mask,
    thread: thread.id,
    parent: process.parent?.id ?? 0,
    group: process.group,
    session: process.session,
    rax: call === undefined ? cpu.register(Register.Rax) : RESTART_CALL,
    originalRax: call === undefined ? NO_CALL : call.number,
    rip: cpu.rip,
    eflags: cpu.flags,
    cs: CODE_SEGMENT,
    ss: STACK_SEGMENT,
    fsBase: cpu.fsBase,
    gsBase: cpu.gsBase,
    hasFloatingPoint: 1,
  });
}

function processNote({ process }: Thread): Uint8Array {
  const { credentials, program } = process;
  const words = toBytes(program.arguments.join(' ')).slice(0, MOST_WORD_BYTES);
  return processInfo.encode({
    letter: 'R'.charCodeAt(0),
    user: credentials.user,
    group: credentials.group,
    process: process.id,
    parent: process.parent?.id ?? 0,
    processGroup: process.group,
    session: process.session,
    name: toBytes(process.commandName).slice(0, 15),
    words,
  });
}

/** NT_FILE: which file is mapped where; none when no file is. */
function fileNotes(thread: Thread): Note[] {
  const { process } = thread;
  const wordBytes = isNarrow(thread) ? 4 : 8;
  const mapped = process.space.areas.flatMap(({ start, end, offset, backing }) => {
    const path = backing?.mapsEntry?.path;
    return path === undefined ? [] : [{ start, end, page: offset / GUEST_PAGE_BYTES, path: encodeText(path) }];
  });
  if (mapped.length === 0) return [];
  const words = [mapped.length, GUEST_PAGE_BYTES, ...mapped.flatMap(({ start, end, page }) => [start, end, page])];
  const names = toBytes(mapped.map(({ path }) => `${path}\0`).join(''));
  const content = new Uint8Array(words.length * wordBytes + names.length);
  const view = new DataView(content.buffer);
  words.forEach((word, index) => {
    if (wordBytes === 8) view.setBigUint64(index * 8, BigInt(word), true);
    else view.setUint32(index * 4, word, true);
  });
  content.set(names, words.length * wordBytes);
  return [note(NoteType.Files, content)];
}

/** Notes as a PT_NOTE segment has them: sizes, type, name and content, each padded to 4 bytes. */
export function encodeNotes(notes: readonly Note[]): Uint8Array {
  const pad = (bytes: number) => Math.ceil(bytes / 4) * 4;
  const parts = notes.map(({ owner, type, content }) => {
    const name = `${owner}\0`;
    const bytes = new Uint8Array(12 + pad(name.length) + pad(content.length));
    const view = new DataView(bytes.buffer);
    view.setUint32(0, name.length, true);
    view.setUint32(4, content.length, true);
    view.setUint32(8, type, true);
    bytes.set(toBytes(name), 12);
    bytes.set(content, 12 + pad(name.length));
    return bytes;
  });
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
