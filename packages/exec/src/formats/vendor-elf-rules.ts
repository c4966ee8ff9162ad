// table: what two relatives of Linux demand of an ELF file besides Linux's own rules: Oracle's UEK and WSL1.
import { roundUp } from '@elf/pagesize';
import { decodeText, type ProgramHeader, PT } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import { refusesEarly } from './common-elf-rules.ts';
import type { ElfCandidate, ElfRule } from './elf-rule.ts';
import { loadsOf } from './rule-facts.ts';

/** sizeof(struct elf_note) and MAX_FILE_NOTE_SIZE. */
const MINIMUM_NOTE_BYTES = 12n;
const MAXIMUM_NOTE_BYTES = 4n * 1024n * 1024n;
const WSL1_ALIGNMENT = 4096n; // not a page size: the multiple WSL1 was seen to demand

/** Type and name of the note by which a program says that it can live with memory kept across execve. */
const PRESERVED_MEMORY = { type: 0x07c1feed, name: 'preserved-mem-ok\0' } as const;
/** Type of the notes that name address ranges to keep free, and the longest name they may have: "Reserved VA" and its NUL. */
const RESERVED_RANGE = { type: 0x07c10001, nameBytes: 12 } as const;
/** How much of a PT_NOTE is looked at here; the kernel reads all of it. */
const EXAMINED_BYTES = 65536;
const NOTE_HEADER_BYTES = 12;
const noteSource = 'fs/binfmt_elf.c of linux-uek; its issues 13, 24 and 42';
const beforeMapping = { ...refusesEarly('get_elf_notes', noteSource), stage: 'final', role: 'program' } as const;
const whileMapping = { ...beforeMapping, stage: 'image', when: 'after', kernelFunction: 'load_elf_binary' } as const;

const notesOf = ({ programHeaders }: ElfCandidate) => programHeaders.filter(({ type }) => type === PT.NOTE);
const isOfGoodSize = ({ filesz }: ProgramHeader) => filesz >= MINIMUM_NOTE_BYTES && filesz <= MAXIMUM_NOTE_BYTES;
const sizeSentence = (odd: ProgramHeader | undefined) =>
  odd &&
  `PT_NOTE ${odd.index} has ${odd.filesz} bytes (${hex(odd.filesz)}); ${MINIMUM_NOTE_BYTES} to ${MAXIMUM_NOTE_BYTES} are accepted.`;
const cutSentence = (odd: ProgramHeader | undefined, fileBytes: number) =>
  odd && `PT_NOTE ${odd.index} ends at ${hex(odd.offset + odd.filesz)}, after the file's ${fileBytes} bytes.`;

/** What Oracle's kernels demand of notes: the last PT_NOTE may speak of preserved memory, any of them may reserve addresses. */
// biome-ignore format: one row per check
export const UEK_ELF_RULES: readonly ElfRule[] = [
  { ...beforeMapping, rule: 'uek-note-size',
    demand: `p_filesz of the last PT_NOTE is ${MINIMUM_NOTE_BYTES} to ${MAXIMUM_NOTE_BYTES} bytes`,
    check: (candidate) => sizeSentence(notesOf(candidate).slice(-1).find((header) => !isOfGoodSize(header))) },
  { ...beforeMapping, rule: 'uek-note-read', errno: ExecErrno.EIO,
    demand: 'the last PT_NOTE lies within the file',
    check: (candidate) => cutSentence(notesOf(candidate).slice(-1).find((header) => isOfGoodSize(header) && isCut(header, candidate)), candidate.fileBytes) },
  { ...beforeMapping, rule: 'uek-preserved-memory', kernelFunction: 'check_preserved_mem_ok',
    demand: `nothing shorter than a note header is left behind the last note of the last PT_NOTE, and a note of type 0x7c1feed is named "preserved-mem-ok" (looked for in the first ${EXAMINED_BYTES} bytes)`,
    check: (candidate) => {
      const header = notesOf(candidate).at(-1);
      return header && isOfGoodSize(header) && !isCut(header, candidate) ? preservedMemoryFault(header, candidate) : undefined;
    } },
  { ...whileMapping, rule: 'uek-reserved-note-size',
    demand: `p_filesz of the PT_NOTEs before the last one is ${MINIMUM_NOTE_BYTES} to ${MAXIMUM_NOTE_BYTES} bytes`,
    check: (candidate) => sizeSentence(notesOf(candidate).slice(0, -1).find((header) => !isOfGoodSize(header))) },
  { ...whileMapping, rule: 'uek-reserved-note-read', errno: ExecErrno.EIO, kernelFunction: 'reserve_va_range',
    demand: 'the PT_NOTEs before the last one lie within the file',
    check: (candidate) => cutSentence(notesOf(candidate).slice(0, -1).find((header) => isCut(header, candidate)), candidate.fileBytes) },
  { ...whileMapping, rule: 'uek-reserved-note-name', kernelFunction: 'reserve_va_range',
    demand: `the name of a note of type 0x7c10001 has at most ${RESERVED_RANGE.nameBytes} bytes (looked for in the first ${EXAMINED_BYTES} bytes of every PT_NOTE)`,
    check: (candidate) => {
      for (const header of notesOf(candidate)) {
        for (const { type, nameBytes } of walkNotes(header, candidate)) {
          if (type === RESERVED_RANGE.type && nameBytes > RESERVED_RANGE.nameBytes) return `A note of type 0x7c10001 in PT_NOTE ${header.index} has a name of ${nameBytes} bytes; ${RESERVED_RANGE.nameBytes} are accepted.`;
        }
      }
      return undefined;
    } },
];

function isCut({ offset, filesz }: ProgramHeader, { fileBytes }: ElfCandidate): boolean {
  return offset + filesz > BigInt(fileBytes);
}

interface WalkedNote {
  readonly type: number;
  readonly nameBytes: number;
  /** As much of the name as was read. */
  readonly name: string;
}

/** The notes of one segment as the kernel steps from one to the next. Returns the bytes that are left behind the last one. */
function* walkNotes(header: ProgramHeader, { read }: ElfCandidate): Generator<WalkedNote, number> {
  const bytes = read(header.offset, Math.min(Number(header.filesz), EXAMINED_BYTES));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (at + NOTE_HEADER_BYTES <= bytes.length) {
    const [nameBytes, descriptionBytes, type] = [0, 4, 8].map((field) => view.getUint32(at + field, true));
    const nameAt = at + NOTE_HEADER_BYTES;
    yield { type, nameBytes, name: decodeText(bytes.subarray(nameAt, nameAt + PRESERVED_MEMORY.name.length)) };
    at = nameAt + roundUp(nameBytes, 4) + roundUp(descriptionBytes, 4);
  }
  return header.filesz > BigInt(EXAMINED_BYTES) ? 0 : Math.max(0, bytes.length - at);
}

function preservedMemoryFault(header: ProgramHeader, candidate: ElfCandidate): string | undefined {
  const notes = walkNotes(header, candidate);
  for (let step = notes.next(); ; step = notes.next()) {
    if (step.done) {
      return step.value === 0
        ? undefined
        : `PT_NOTE ${header.index} has ${step.value} bytes behind its last note, too few for another.`;
    }
    const { type, nameBytes, name } = step.value;
    if (type !== PRESERVED_MEMORY.type) continue;
    const isGood = nameBytes <= PRESERVED_MEMORY.name.length && name === PRESERVED_MEMORY.name;
    return isGood ? undefined : `A note of type 0x7c1feed in PT_NOTE ${header.index} is not named "preserved-mem-ok".`;
  }
}

const wsl1 = {
  ...refusesEarly('lxcore.sys', 'observed: issues 5365, 8151, 8219 and 12359 of microsoft/WSL'),
  stage: 'program headers',
  role: 'program',
} as const;

/** WSL1's own loader; in which order it looks is not established. */
// biome-ignore format: one row per check
export const WSL1_ELF_RULES: readonly ElfRule[] = [
  { ...wsl1, rule: 'wsl1-align',
    demand: 'p_align of every PT_LOAD is a multiple of 4096 and not 0',
    check: (candidate) => {
      const odd = loadsOf(candidate).find(({ align }) => align === 0n || align % WSL1_ALIGNMENT !== 0n);
      return odd && `PT_LOAD ${odd.index} has p_align ${hex(odd.align)}; a multiple of ${WSL1_ALIGNMENT} other than 0 is accepted.`;
    } },
  { ...wsl1, rule: 'wsl1-align-equal',
    demand: 'all PT_LOADs have the same p_align',
    check: (candidate) => {
      const values = [...new Set(loadsOf(candidate).map(({ align }) => hex(align)))];
      return values.length <= 1 ? undefined : `The PT_LOADs have different p_aligns: ${values.join(', ')}; all must be equal.`;
    } },
];
