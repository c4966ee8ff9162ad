// FreeBSD's brands: which kernel personality an ELF file asks for, by note, OSABI, old brand text or interpreter.
import { decodeText } from '@elf/parse';
import type { ElfCandidate } from './elf-rule.ts';
import { interpreterName, type NoteHeader, notesOf } from './rule-facts.ts';

/** One row of elf_brand_list. */
export interface Brand {
  readonly name: string;
  /** EI_OSABI. */
  readonly osabi: number;
  /** Text at e_ident[8] by which FreeBSD 3 knew the brand. */
  readonly oldText: string;
  readonly interpreter: string;
  /** The note that names the brand. */
  readonly note: {
    readonly owner: string;
    readonly descriptionBytes: number;
    accepts(description: Uint8Array): boolean;
  };
  /** BI_CAN_EXEC_DYN: position-independent programs run. */
  readonly runsSharedObjects: boolean;
  /** Only the note counts. */
  readonly needsNote?: boolean;
}

/** A note of larger segments is not looked for, nor more than this many. */
const MAXIMUM_NOTE_SEGMENT = 4096; // not a page size: the limit, one page of the FreeBSD kernel
const MAXIMUM_NOTES = 100;
/** NT_FREEBSD_ABI_TAG and NT_GNU_ABI_TAG. */
const ABI_TAG = 1;
const OLD_BRAND_AT = 8;
const IDENT_BYTES = 16;
/** First word of a GNU ABI tag. */
const GNU_LINUX = 0;
const GNU_KFREEBSD = 3;

const firstWord = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
const freebsdNote = { owner: 'FreeBSD\0', descriptionBytes: 4, accepts: () => true };
const gnuNote = (system: number) => ({
  owner: 'GNU\0',
  descriptionBytes: 16,
  accepts: (description: Uint8Array) => firstWord(description) === system,
});

/** Brands of a kernel without the Linuxulator (sys/amd64/amd64/elf_machdep.c). */
// biome-ignore format: one row per brand
export const NATIVE_BRANDS: readonly Brand[] = [
  { name: 'FreeBSD', osabi: 9, oldText: 'FreeBSD', interpreter: '/libexec/ld-elf.so.1', note: freebsdNote, runsSharedObjects: true },
  { name: 'FreeBSD, old interpreter path', osabi: 9, oldText: 'FreeBSD', interpreter: '/usr/libexec/ld-elf.so.1', note: freebsdNote, runsSharedObjects: true },
  { name: 'GNU/kFreeBSD', osabi: 9, oldText: 'FreeBSD', interpreter: '/lib/ld-kfreebsd-x86-64.so.1', note: gnuNote(GNU_KFREEBSD), runsSharedObjects: true, needsNote: true },
];

/** What loading linux64.ko adds (sys/amd64/linux/linux_sysvec.c). */
// biome-ignore format: one row per brand
export const LINUX_BRANDS: readonly Brand[] = [
  { name: 'Linux, glibc', osabi: 3, oldText: 'Linux', interpreter: '/lib64/ld-linux-x86-64.so.2', note: gnuNote(GNU_LINUX), runsSharedObjects: true },
  { name: 'Linux, glibc, short path', osabi: 3, oldText: 'Linux', interpreter: '/lib64/ld-linux.so.2', note: gnuNote(GNU_LINUX), runsSharedObjects: true },
  { name: 'Linux, musl', osabi: 3, oldText: 'Linux', interpreter: '/lib/ld-musl-x86_64.so.1', note: gnuNote(GNU_LINUX), runsSharedObjects: true },
];

/**
 * The brand get_brandinfo chooses: first by note, then by OSABI or old text, each time preferring the brand whose interpreter
 * the file names; then by interpreter alone. kern.elf64.fallback_brand is -1, as it is by default.
 */
export function chooseBrand(brands: readonly Brand[], candidate: ElfCandidate): Brand | undefined {
  const { ident } = candidate.header;
  const notes = [...notesOf(candidate, MAXIMUM_NOTE_SEGMENT, MAXIMUM_NOTES)];
  const interpreter = interpreterName(candidate, 'first');
  const prefer = (fitting: readonly Brand[]) =>
    fitting.find((brand) => interpreter === undefined || brand.interpreter === interpreter) ?? fitting[0];
  const byNote = prefer(brands.filter(({ note }) => notes.some((candidateNote) => matches(note, candidateNote))));
  if (byNote !== undefined) return byNote;
  const free = brands.filter(({ needsNote }) => needsNote !== true);
  const oldText = textOf(ident.subarray(OLD_BRAND_AT, IDENT_BYTES));
  const byIdent = prefer(free.filter((brand) => ident[7] === brand.osabi || oldText === brand.oldText));
  return byIdent ?? free.find((brand) => brand.interpreter === interpreter);
}

function matches(wanted: Brand['note'], { name, type, description }: NoteHeader): boolean {
  const isOwner = type === ABI_TAG && decodeText(name) === wanted.owner;
  return isOwner && description.length === wanted.descriptionBytes && wanted.accepts(description);
}

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}
