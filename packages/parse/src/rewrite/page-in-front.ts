// Room for the program headers by putting new bytes in front of the file, mapped below the program's lowest address.
import type { ElfFile } from '../formats/elf/elf.ts';
import { PF, type ProgramHeader, PT } from '../formats/elf/program-header.ts';
import { copyHeaderTable, type HeaderTable, headerFieldOffset, placeIn, wordBytes } from './header-table.ts';
import type { ClosedWay } from './phdrs-first.ts';
import { type Patch, patchedCopy, type RewriteChange, type RewritePiece, type RewritePlan } from './rewrite-plan.ts';

const ET_EXEC = 2;
/** vm.mmap_min_addr of Linux: programs of ordinary users may not have anything below it. */
const LOWEST_ADDRESS = 0x10000n;

/** The first PT_LOAD as it will be, and by how much everything in the file moves. */
interface Extension {
  readonly shift: bigint;
  readonly load: ProgramHeader;
}

/**
 * Plans the third way of `movePhdrsFirst`. Every file offset grows by the largest alignment of any PT_LOAD, so that offsets and
 * addresses stay congruent on every page size; the lowest PT_LOAD grows downwards by as much, so addresses stay what they are.
 */
export function insertPage(
  elf: ElfFile,
  pageBytes: number,
  alignment: number,
): { readonly tableOffset: number; readonly plan: RewritePlan } | ClosedWay {
  const { fileHeader, layout } = elf;
  const headerBytes = Math.max(fileHeader.ehsize, layout.fileHeaderSize);
  const tableOffset = Math.ceil(headerBytes / alignment) * alignment;
  const end = tableOffset + fileHeader.phnum * fileHeader.phentsize;
  const extension = end > pageBytes ? `File header and table take ${end} bytes.` : extend(elf, BigInt(pageBytes));
  if (typeof extension === 'string') return { way: 'page in front', sentence: extension };
  return { tableOffset, plan: planFor(elf, headerBytes, tableOffset, extension) };
}

/** The extension downwards, or the reason against it. */
function extend(elf: ElfFile, pageBytes: bigint): Extension | string {
  if (elf.fileHeader.type !== ET_EXEC) {
    return 'Only a program with fixed addresses (ET_EXEC) can be extended downwards; this one starts at its base.';
  }
  const loads = elf.programHeaders.filter(({ type }) => type === PT.LOAD);
  if (loads.length === 0) return 'There is no PT_LOAD that could map the new bytes.';
  const lowest = loads.reduce((low, load) => (load.vaddr < low.vaddr ? load : low));
  const shift = shiftFor(loads, pageBytes);
  if (shift === undefined) return 'The alignment of a PT_LOAD is not a power of two.';
  const { index, offset, vaddr, paddr, filesz, memsz, flags } = lowest;
  if (offset >= pageBytes) return `The lowest PT_LOAD starts at offset ${offset}, behind the first page.`;
  const below = offset + shift;
  if (vaddr < below + LOWEST_ADDRESS) {
    return `The lowest PT_LOAD is at 0x${vaddr.toString(16)}; ${below} bytes more below it would reach under 0x${LOWEST_ADDRESS.toString(16)}.`;
  }
  if ((flags & PF.R) === 0) return 'The lowest PT_LOAD is not readable, so a program could not read the table in it.';
  const bits = 8 * elf.wordSize;
  if (offset + filesz > BigInt(elf.source.size) || filesz > memsz || vaddr + memsz >= 1n << BigInt(bits - 1)) {
    return `The sizes of program header ${index} do not fit the file and the address space.`;
  }
  if (BigInt(elf.source.size) + shift >= (elf.wordSize === 4 ? 1n << 32n : 1n << 53n)) {
    return `The file would grow by ${shift} bytes and be longer than its offsets can say.`;
  }
  const load = {
    ...lowest,
    offset: 0n,
    vaddr: vaddr - below,
    paddr: BigInt.asUintN(bits, paddr - below),
    filesz: filesz + below,
    memsz: memsz + below,
  };
  return { shift, load };
}

/** The largest p_align, at least a page; undefined when one is no power of two. */
function shiftFor(loads: readonly ProgramHeader[], pageBytes: bigint): bigint | undefined {
  let largest = pageBytes;
  for (const { align } of loads) {
    if ((align & (align - 1n)) !== 0n) return undefined;
    if (align > largest) largest = align;
  }
  return largest;
}

function planFor(elf: ElfFile, headerBytes: number, tableOffset: number, extension: Extension): RewritePlan {
  const { fileHeader, source } = elf;
  const shift = Number(extension.shift);
  const table = movedTable(elf, tableOffset, extension);
  const head = new Uint8Array(headerBytes);
  head.set(source.read(0, headerBytes));
  head.set(wordBytes(elf, BigInt(tableOffset)), headerFieldOffset(elf, 'phoff'));
  if (fileHeader.shoff > 0n) {
    head.set(wordBytes(elf, fileHeader.shoff + extension.shift), headerFieldOffset(elf, 'shoff'));
  }
  const sections = movedSections(elf, extension.shift);
  const pieces: RewritePiece[] = [
    { kind: 'bytes', bytes: head },
    { kind: 'zeros', length: tableOffset - headerBytes },
    { kind: 'bytes', bytes: table.bytes },
    { kind: 'zeros', length: shift - tableOffset - table.bytes.length },
    ...patchedCopy(source.size, sections),
  ];
  const changes: RewriteChange[] = [
    { offset: 0, length: shift, sentence: `a new file header, the program headers at ${tableOffset}, and zeros` },
  ];
  if (sections.length > 0) {
    changes.push({
      offset: Number(fileHeader.shoff) + shift,
      length: elf.sectionHeaders.length * fileHeader.shentsize,
      sentence: `sh_offset of ${sections.length} sections grows by ${shift}`,
    });
  }
  return {
    size: source.size + shift,
    pieces: pieces.filter((piece) => piece.kind === 'bytes' || piece.length > 0),
    changes,
  };
}

/** The table with its new place in PT_PHDR, the extended PT_LOAD, and offsets that follow the file. */
function movedTable(elf: ElfFile, tableOffset: number, { shift, load }: Extension): HeaderTable {
  const table = copyHeaderTable(elf);
  const size = BigInt(table.bytes.length);
  for (const { index, type, offset, filesz } of elf.programHeaders) {
    if (index === load.index) {
      const { vaddr, paddr, memsz } = load;
      table.set(index, { offset: load.offset, vaddr, paddr, filesz: load.filesz, memsz });
    } else if (type === PT.PHDR) {
      table.set(index, { ...placeIn(load, tableOffset), filesz: size, memsz: size });
    } else if (type === PT.LOAD || filesz > 0n) {
      table.set(index, { offset: BigInt.asUintN(64, offset + shift) });
    }
  }
  return table;
}

/** New sh_offset fields, at their places in the old file. */
function movedSections(elf: ElfFile, shift: bigint): Patch[] {
  const { fileHeader, wordSize } = elf;
  // sh_offset follows sh_name, sh_type, sh_flags and sh_addr.
  const field = 8 + 2 * wordSize;
  return elf.sectionHeaders
    .filter(({ offset, index }) => index > 0 || offset > 0n)
    .map(({ index, offset }) => ({
      offset: Number(fileHeader.shoff) + index * fileHeader.shentsize + field,
      bytes: wordBytes(elf, BigInt.asUintN(64, offset + shift)),
    }));
}
