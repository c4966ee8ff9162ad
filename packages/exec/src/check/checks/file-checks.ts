// Rules of the file itself: segments, stack, RELRO, header table, end of the file.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { PF, type ProgramHeader, PT } from '@elf/parse';
import { hex } from '../../exec-record.ts';
import type { FindingList } from '../finding-list.ts';
import { flagsText, type ImageFacts, MACHINE, sizeText } from '../image-facts.ts';

/** Asks every rule about the file. */
export function checkFile(facts: ImageFacts, pages: readonly number[], list: FindingList): void {
  for (const problem of facts.elf.problems.slice(0, MOST_PROBLEMS))
    list.add({ rule: 'ELF-IM-MALFORMED', message: problem.message, location: { offset: problem.offset } });
  if (facts.kind === 'elf-relocatable') checkStackSection(facts, list);
  if (facts.kind === 'elf-relocatable' || facts.kind === 'elf-core' || facts.kind === 'elf-debug') return;
  checkSegments(facts, list);
  checkStack(facts, list);
  checkRelro(facts, pages, list);
  checkHeaderTable(facts, list);
}

/** A hostile file has hundreds; the first ones tell the story. */
const MOST_PROBLEMS = 8;
const MOST_SEGMENT_FINDINGS = 8;

function at({ offset, vaddr, index }: ProgramHeader) {
  return { offset, address: vaddr, segment: index };
}

function checkSegments({ loads, source }: ImageFacts, list: FindingList): void {
  const size = BigInt(source.size);
  let room = MOST_SEGMENT_FINDINGS;
  for (const load of loads) {
    if (room <= 0) return;
    const { index, flags, vaddr, offset, filesz } = load;
    if ((flags & PF.W) !== 0 && (flags & PF.X) !== 0) {
      list.add({
        rule: 'ELF-SG-WRITE-EXECUTE',
        message: `Segment ${index} at ${hex(vaddr)} is ${flagsText(flags)}.`,
        location: at(load),
      });
      room--;
    }
    if (offset + filesz > size) {
      const message = `Segment ${index} needs ${hex(filesz)} bytes at offset ${hex(offset)}; the file ends at ${hex(size)}.`;
      list.add({ rule: 'ELF-IM-TRUNCATED', message, location: at(load) });
      room--;
    }
    const misaligned = whyMisaligned(load);
    if (misaligned !== undefined) {
      list.add({ rule: 'ELF-PG-ALIGNMENT', message: misaligned, location: at(load) });
      room--;
    }
  }
}

function whyMisaligned({ index, align, vaddr, offset, filesz }: ProgramHeader): string | undefined {
  if (align <= 1n || filesz === 0n) return undefined;
  if ((align & (align - 1n)) !== 0n) return `Segment ${index} has p_align ${hex(align)}, which is no power of two.`;
  if (((vaddr - offset) & (align - 1n)) === 0n) return undefined;
  return `Segment ${index} has p_align ${hex(align)}, but p_vaddr ${hex(vaddr)} and p_offset ${hex(offset)} are not congruent modulo it.`;
}

function checkStack({ headers, machine, kind }: ImageFacts, list: FindingList): void {
  const stack = headers.findLast(({ type }) => type === PT.GNU_STACK);
  if (stack === undefined) {
    if (kind === 'elf-executable' && headers.length > 0)
      list.add({
        rule: 'ELF-SG-NO-STACK-HEADER',
        message: `There is no PT_GNU_STACK among ${headers.length} program headers.`,
        severity: machine === MACHINE.i386 ? 'warning' : 'note',
      });
    return;
  }
  if ((stack.flags & PF.X) !== 0)
    list.add({
      rule: 'ELF-SG-EXECUTABLE-STACK',
      message: `PT_GNU_STACK is ${flagsText(stack.flags)}.`,
      location: { segment: stack.index },
    });
}

/** The section every object file should have (man 1 ld, -z noexecstack). Object files without code do not matter. */
function checkStackSection({ elf }: ImageFacts, list: FindingList): void {
  const isCode = ({ flags, size }: { flags: bigint; size: bigint }) => (flags & 4n) !== 0n && size > 0n;
  if (!elf.sectionHeaders.some(isCode)) return;
  const section = elf.sectionNamed('.note.GNU-stack');
  if (section === undefined)
    list.add({ rule: 'ELF-SG-STACK-SECTION', message: 'There is no .note.GNU-stack section.' });
  else if ((section.flags & 4n) !== 0n)
    list.add({
      rule: 'ELF-SG-STACK-SECTION',
      message: 'The .note.GNU-stack section is executable.',
      location: { offset: section.offset },
    });
}

/** ld.so protects whole pages only (glibc, elf/dl-reloc.c); Android lowers the alignment it believes in (ld bug 28824). */
function checkRelro({ headers, loads }: ImageFacts, pages: readonly number[], list: FindingList): void {
  const relro = headers.find(({ type }) => type === PT.GNU_RELRO);
  if (relro === undefined) return;
  const end = relro.vaddr + relro.memsz;
  const owner = loads.find(({ vaddr, memsz }) => relro.vaddr >= vaddr && relro.vaddr < vaddr + memsz);
  // Nothing behind it in its segment: the rest of the page belongs to nobody.
  if (owner === undefined || end >= owner.vaddr + owner.memsz) return;
  for (const page of pages) {
    const rest = end % BigInt(page);
    // A file that is not linked for these pages has worse to fear there.
    if (rest === 0n || owner.align < BigInt(page)) continue;
    const start = end - rest > relro.vaddr ? end - rest : relro.vaddr;
    list.add({
      rule: 'ELF-PG-RELRO',
      message: `RELRO ends at ${hex(end)}; with pages of ${sizeText(page)} ${hex(start)}-${hex(end)} stays writable.`,
      hostPageBytes: page,
      location: at(relro),
      evidence: { facts: { align: owner.align, end } },
    });
  }
}

function checkHeaderTable({ elf, headers, kind }: ImageFacts, list: FindingList): void {
  const { phoff, phentsize, phnum } = elf.fileHeader;
  if (kind !== 'elf-executable' || headers.length === 0) return;
  const end = phoff + BigInt(phentsize * phnum);
  const isNear = end <= BigInt(GUEST_PAGE_BYTES);
  const rest = phoff % 8n;
  if (isNear && rest === 0n) return;
  const where = isNear
    ? `e_phoff is ${phoff}`
    : `e_phoff is ${phoff} (${hex(phoff)}), outside the first ${GUEST_PAGE_BYTES} bytes`;
  list.add({
    rule: 'ELF-SG-HEADER-TABLE',
    message: rest === 0n ? `${where}.` : `${where}${isNear ? '' : ','} and ${rest} modulo 8.`,
    location: { offset: phoff },
    evidence: { facts: { phoff, phnum } },
  });
}
