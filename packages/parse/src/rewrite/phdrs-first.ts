// Moves the program headers of an ELF file into its first page, where FreeBSD and other loaders look for them.
import type { ByteSource } from '../byte-source.ts';
import { type ElfFile, parseElf } from '../formats/elf/elf.ts';
import { moveIntoRoom } from './into-room.ts';
import { insertPage } from './page-in-front.ts';
import type { RewritePlan } from './rewrite-plan.ts';

/** What to aim for. */
export interface PhdrsFirstOptions {
  /** Bytes of the first page, as the loader that shall accept the file counts them. */
  readonly pageBytes: number;
}

/** How the table found a place. */
export type PhdrsFirstStrategy = 'free room' | 'room beside the interpreter path' | 'page in front';

/** A way that is not open for this file, and why. */
export interface ClosedWay {
  readonly way: string;
  readonly sentence: string;
}

/** What can be done. */
export type PhdrsFirst =
  /** The table is in the first page and aligned. */
  | { readonly kind: 'unchanged'; readonly sentence: string }
  | {
      readonly kind: 'rewritten';
      readonly strategy: PhdrsFirstStrategy;
      /** e_phoff of the output. */
      readonly tableOffset: number;
      readonly plan: RewritePlan;
    }
  | { readonly kind: 'refused'; readonly ways: readonly ClosedWay[] };

/** Tables are placed at multiples of 8, the alignment of Elf64_Phdr; FreeBSD refuses others. */
const TABLE_ALIGNMENT = 8;
/** e_phnum that says the count is elsewhere; no kernel starts such a file. */
const PN_XNUM = 0xffff;

/**
 * Plans a file whose program headers lie in the first page, 8-aligned, and are part of a PT_LOAD, so that AT_PHDR can name
 * them. Everything else of the loaded program stays as it is. Ways in order:
 *
 * 1. room in the first page that no header, section, symbol or relocation uses and whose bytes are filler or outdated;
 * 2. the same with the path of the interpreter moved a little, when only that is in the way;
 * 3. for ET_EXEC, new bytes in front of the file, mapped by the first PT_LOAD extended downwards.
 *
 * Works for both classes and byte orders. Reads headers, symbols and relocations, never the content.
 *
 * @throws ParseError when the file is not ELF or its headers, symbols or relocations contradict themselves.
 * @example
 * ```ts
 * const result = movePhdrsFirst(source, { pageBytes: 4096 });
 * if (result.kind === 'rewritten') save(rewrittenSource(source, result.plan));
 * ```
 */
export function movePhdrsFirst(source: ByteSource, { pageBytes }: PhdrsFirstOptions): PhdrsFirst {
  const elf = parseElf(source);
  const { phoff, phnum, phentsize } = elf.fileHeader;
  const refused = (sentence: string): PhdrsFirst => ({ kind: 'refused', ways: [{ way: 'every way', sentence }] });
  if (phoff === 0n || phnum === 0) return refused('The file has no program headers: it is not a program.');
  if (phnum === PN_XNUM) return refused('The file has 65535 program headers or more, which fit no page.');
  const tableBytes = phnum * phentsize;
  if (isFirst(elf, tableBytes, pageBytes)) {
    const sentence = `The ${phnum} program headers already lie in the first page, at offset ${phoff}.`;
    return { kind: 'unchanged', sentence };
  }
  if (elf.layout.fileHeaderSize + tableBytes > pageBytes) {
    return refused(`The ${phnum} program headers take ${tableBytes} bytes, too many for a page of ${pageBytes}.`);
  }
  const room = moveIntoRoom(elf, pageBytes, TABLE_ALIGNMENT);
  if ('plan' in room) return { kind: 'rewritten', ...room };
  const front = insertPage(elf, pageBytes, TABLE_ALIGNMENT);
  if ('plan' in front) return { kind: 'rewritten', strategy: 'page in front', ...front };
  return { kind: 'refused', ways: [...room.ways, front] };
}

function isFirst(elf: ElfFile, tableBytes: number, pageBytes: number): boolean {
  const { phoff } = elf.fileHeader;
  return phoff % BigInt(elf.wordSize) === 0n && phoff + BigInt(tableBytes) <= BigInt(pageBytes);
}
