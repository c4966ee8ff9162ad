// Answers for most programs, without asking the rules of each profile, that all of these kernels accept them: what linkers make by default.
import { PF, type ProgramHeader, PT } from '@elf/parse';
import { type ImageFacts, MACHINE } from '../image-facts.ts';

/** Profiles that accept every program the screen lets through, on 4 KiB pages. */
const SCREENED: ReadonlySet<string> = new Set(['linux', 'freebsd-linuxulator', 'gvisor', 'uek', 'wsl1']);

const INTERPRETER = '/lib64/ld-linux-x86-64.so.2';
const FILE_HEADER_BYTES = 64n;
const PROGRAM_HEADER_BYTES = 56;
/** FreeBSD looks at the first page only, which holds 72; programs have a dozen. */
const MOST_HEADERS = 64;
/** Where nobody's limits lie: above vm.mmap_min_addr, far below the end of the address space. */
const LOWEST_ADDRESS = 0x1_0000n;
const HIGHEST_ADDRESS = 1n << 40n;
const SMALLEST_PAGE = 4096n; // not a page size: the alignment all profiles ask for
const LARGEST_ALIGNMENT = 0x20_0000n;
const FIRST_PAGE = 4096n; // not a page size: what FreeBSD maps of the file
const SMALLEST_NOTE = 12n;
const LARGEST_NOTE = 4096n; // not a page size: above it FreeBSD skips the note
/** Upper half of the types of Oracle's own notes. */
const ORACLE_TYPES = 0x07c1;
const ET_EXEC = 2;
const OSABI_SYSTEM_V = 0;
const OSABI_LINUX = 3;

/** What is known of one program. A test compares its answers with the profiles' on thousands of mutated programs. */
export class ProgramScreen {
  readonly #facts: ImageFacts;
  #isOrdinary: boolean | undefined;

  constructor(facts: ImageFacts) {
    this.#facts = facts;
  }

  /** True: the profile accepts the file on a kernel with these pages. False: its rules have to be asked. */
  isAcceptedBy(profile: string, hostPageBytes: number): boolean {
    if (!SCREENED.has(profile)) return false;
    this.#isOrdinary ??= isOrdinary(this.#facts);
    return this.#isOrdinary && areCongruent(this.#facts.loads, BigInt(hostPageBytes));
  }
}

function isOrdinary(facts: ImageFacts): boolean {
  const { elf, headers, loads, interpreter, machine, source } = facts;
  const { ident, phoff, phentsize, phnum, version, type, entry } = elf.fileHeader;
  if (machine !== MACHINE.x86_64 || facts.kind !== 'elf-executable' || interpreter !== INTERPRETER) return false;
  if (ident[4] !== 2 || ident[5] !== 1 || ident[6] !== 1 || version !== 1) return false;
  if (ident[7] !== OSABI_SYSTEM_V && ident[7] !== OSABI_LINUX) return false;
  if (phoff !== FILE_HEADER_BYTES || phentsize !== PROGRAM_HEADER_BYTES || phnum > MOST_HEADERS) return false;
  if (elf.problems.length > 0 || loads.length === 0 || entry >= HIGHEST_ADDRESS) return false;
  if (type === ET_EXEC && loads[0].vaddr < LOWEST_ADDRESS) return false;
  const size = BigInt(source.size);
  return (
    headers.every((header) => header.offset + header.filesz <= size && isOrdinaryHeader(header, headers)) &&
    areOrderly(loads) &&
    headers.every((header) => header.type !== PT.NOTE || hasOrdinaryNotes(header, facts))
  );
}

/** UEK looks for notes of its own, and for what is left behind the last one. */
function hasOrdinaryNotes({ offset, filesz }: ProgramHeader, { elf }: ImageFacts): boolean {
  const reader = elf.reader(elf.readBytes(offset, filesz, 'a note segment'));
  let at = 0;
  while (at + 12 <= reader.length) {
    if (reader.u32(at + 8) >>> 16 === ORACLE_TYPES) return false;
    at += 12 + fourBytes(reader.u32(at)) + fourBytes(reader.u32(at + 4));
  }
  return at === reader.length;
}

function fourBytes(value: number): number {
  return Math.ceil(value / 4) * 4;
}

function isOrdinaryHeader(header: ProgramHeader, headers: readonly ProgramHeader[]): boolean {
  const { type, offset, filesz, flags } = header;
  switch (type) {
    case PT.INTERP:
      // The path and its NUL, once.
      return (
        filesz === BigInt(INTERPRETER.length + 1) &&
        offset + filesz <= FIRST_PAGE &&
        headers.find((other) => other.type === PT.INTERP) === header &&
        headers.findLast((other) => other.type === PT.INTERP) === header
      );
    case PT.NOTE:
      return filesz >= SMALLEST_NOTE && filesz <= LARGEST_NOTE;
    case PT.GNU_STACK:
      return (flags & PF.R) !== 0 && (flags & PF.W) !== 0;
    case PT.SHLIB:
      return false;
    default:
      return true;
  }
}

/** Ascending, each alone on its 4 KiB pages, with one alignment. */
function areOrderly(loads: readonly ProgramHeader[]): boolean {
  const [{ align }] = loads;
  if (align < SMALLEST_PAGE || align > LARGEST_ALIGNMENT || (align & (align - 1n)) !== 0n) return false;
  let border = 0n;
  for (const load of loads) {
    const start = load.vaddr & -SMALLEST_PAGE;
    if (load.align !== align || load.filesz === 0n || load.filesz > load.memsz || start < border) return false;
    border = (load.vaddr + load.memsz + SMALLEST_PAGE - 1n) & -SMALLEST_PAGE;
    if (border > HIGHEST_ADDRESS) return false;
  }
  return areCongruent(loads, SMALLEST_PAGE);
}

function areCongruent(loads: readonly ProgramHeader[], page: bigint): boolean {
  return loads.every(({ vaddr, offset }) => ((vaddr ^ offset) & (page - 1n)) === 0n);
}
