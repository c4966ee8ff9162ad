// The listing of a file's code in objdump's layout, section by section, in pieces of bounded size.
import { type ElfFile, type SectionHeader, SHF, SHT } from '@elf/parse';
import { Disassembler } from '@elf/x86/disassemble';
import type { Output } from '../readelf/output.ts';
import { CodeWindow } from './code-window.ts';
import { addressColumn, type LineLayout, lineWriter } from './line-layout.ts';
import { dynamicSlots, pltSymbols } from './plt-symbols.ts';
import {
  type AddressRange,
  dynamicSymbols,
  readSymbols,
  type ListedSymbol,
  SymbolFlag,
  SymbolList,
} from './symbol-list.ts';

/** What to print. */
export interface ListingRequest {
  readonly syntax: 'att' | 'intel';
  /** Only these sections, code or not; empty: every section with code. */
  readonly sections: readonly string[];
  readonly startAddress?: bigint;
  readonly stopAddress?: bigint;
  readonly showRawBytes: boolean;
  readonly showZeroes: boolean;
}

/** At least so many zero bytes become dots, and fewer at the end of a part. */
const SKIPPED_ZEROES = 8;
const SKIPPED_AT_END = 3;

/** Prints one file. */
export class Listing {
  readonly #elf: ElfFile;
  readonly #output: Output;
  readonly #request: ListingRequest;
  readonly #origin: bigint;
  readonly #mode: 32 | 64;
  readonly #symbols: SymbolList;
  readonly #slots: ReturnType<typeof dynamicSlots>;
  readonly #disassembler: Disassembler;
  readonly #layout: LineLayout;
  #section!: SectionHeader;
  #range: AddressRange = { start: 0, end: 0 };
  #names = new Map<number, string>();

  constructor(elf: ElfFile, output: Output, request: ListingRequest) {
    const ET_REL = 1;
    this.#elf = elf;
    this.#output = output;
    this.#request = request;
    this.#origin = originOf(elf);
    this.#mode = elf.wordSize === 8 ? 64 : 32;
    const isObject = elf.fileHeader.type === ET_REL;
    const symbolAt = dynamicSymbols(elf, this.#origin);
    // Static programs have relocations too, but no symbols that these would name.
    this.#slots =
      isObject || !elf.sectionHeaders.some(({ type }) => type === SHT.DYNSYM)
        ? new Map()
        : dynamicSlots(elf, this.#origin, symbolAt);
    const symbols = readSymbols(elf, this.#origin);
    symbols.push(...pltSymbols(elf, this.#origin, this.#slots));
    this.#symbols = new SymbolList(symbols, isObject);
    this.#layout = { showRawBytes: request.showRawBytes };
    this.#disassembler = new Disassembler({
      syntax: request.syntax,
      mode: this.#mode,
      addressText: (address) => this.#addressText(address),
    });
  }

  /** All sections that were asked for. */
  print(): void {
    for (const section of this.#elf.sectionHeaders) if (this.#isWanted(section)) this.#printSection(section);
  }

  #isWanted(section: SectionHeader): boolean {
    if (section.size === 0n) return false;
    const { sections } = this.#request;
    if (sections.length > 0) return section.type !== SHT.NOBITS && sections.includes(this.#elf.sectionName(section));
    return section.type !== SHT.NOBITS && section.type !== SHT.NULL && (section.flags & SHF.EXECINSTR) !== 0n;
  }

  #printSection(section: SectionHeader): void {
    const start = Number(section.addr - this.#origin);
    const size = Number(section.size);
    const { startAddress, stopAddress } = this.#request;
    const first = startAddress === undefined ? 0 : Math.max(0, Number(startAddress - section.addr));
    const stop = stopAddress === undefined ? size : Math.min(size, Math.max(0, Number(stopAddress - section.addr)));
    if (first >= stop) return;
    this.#section = section;
    this.#range = { start, end: start + size };
    this.#names.clear();
    this.#output.write(`\nDisassembly of section ${this.#elf.sectionName(section)}:\n`);
    const window = new CodeWindow(this.#elf, section);
    const writeLine = lineWriter(
      this.#output,
      addressColumn(section.addr + section.size, this.#mode),
      this.#origin,
      this.#layout,
    );
    const { symbols } = this.#symbols;
    let place = this.#symbols.find(start + first, section, this.#range, true);
    for (let offset = first; offset < stop; ) {
      const address = start + offset;
      const symbol = place < 0 ? undefined : symbols[place];
      const isAhead = symbol !== undefined && symbol.address > address;
      this.#output.write(`\n${this.#hex(address).padStart(this.#mode / 4, '0')} <${this.#label(symbol, address)}>:\n`);
      const following = isAhead ? place : place < 0 ? -1 : this.#symbols.next(place, section.index);
      let end = following < 0 ? stop : symbols[following].address - start;
      if (end > stop || end <= offset) end = stop;
      const isData = symbol !== undefined && !isAhead && symbol.section === section.index && isObjectOnly(symbol);
      this.#printPart(window, offset, end, start, isData, writeLine);
      offset = end;
      place = following;
    }
  }

  #printPart(
    window: CodeWindow,
    from: number,
    end: number,
    start: number,
    isData: boolean,
    writeLine: ReturnType<typeof lineWriter>,
  ): void {
    const disassembler = this.#disassembler;
    for (let offset = from; offset < end; ) {
      window.demand(offset, end);
      const { bytes } = window;
      const at = offset - window.start;
      const available = Math.min(bytes.length, end - window.start);
      if (bytes[at] === 0 && !this.#request.showZeroes) {
        const zeroes = window.zeroes(offset, end);
        const reachesEnd = offset + zeroes === end;
        if (zeroes >= SKIPPED_ZEROES || (reachesEnd && zeroes < SKIPPED_AT_END)) {
          this.#output.write('\t...\n');
          offset += reachesEnd ? zeroes : zeroes - (zeroes % 4);
          continue;
        }
      }
      if (isData) {
        const length = Math.min(16, end - offset);
        writeLine.data(start + offset, bytes, at, length);
        offset += length;
        continue;
      }
      const text = disassembler.disassemble(bytes, at, available, start + offset);
      const length = disassembler.lengthInBytes;
      writeLine.code(start + offset, bytes, at, length, text);
      offset += length;
    }
  }

  #hex(address: number): string {
    if (this.#origin === 0n && address >= 0) return address.toString(16);
    return BigInt.asUintN(64, BigInt(address) + this.#origin).toString(16);
  }

  /** An address with the symbol it belongs to, as jumps and comments show it. */
  #addressText(address: number): string {
    const known = this.#names.get(address);
    if (known !== undefined) return known;
    let text = this.#hex(address);
    if (this.#symbols.symbols.length === 0) text = `0x${text}`;
    else text += ` <${this.#label(this.#symbolFor(address), address)}>`;
    // Loops and calls ask for the same few addresses again and again.
    if (this.#names.size > 4000) this.#names.clear();
    this.#names.set(address, text);
    return text;
  }

  #symbolFor(address: number): ListedSymbol | undefined {
    const place = this.#symbols.find(
      this.#isBelowZero(address) ? Infinity : address,
      this.#section,
      this.#range,
      false,
    );
    if (place < 0) return undefined;
    const symbol = this.#symbols.symbols[place];
    // A GOT slot is better called by what the loader puts into it than by a symbol in front of it.
    if (symbol.section === this.#section.index || symbol.flags & SymbolFlag.Synthetic) return symbol;
    return this.#slots.get(address)?.symbol ?? symbol;
  }

  /** Arithmetic has left the address space at its lower end; addresses wrap. */
  #isBelowZero(address: number): boolean {
    return this.#origin === 0n && address < 0;
  }

  #label(symbol: ListedSymbol | undefined, address: number): string {
    if (symbol === undefined) {
      const distance = address - this.#range.start;
      return this.#elf.sectionName(this.#section) + offsetText(distance);
    }
    const name = symbol.name + symbol.version;
    if (symbol.isUndefined) return name;
    if (!this.#isBelowZero(address)) return name + offsetText(address - symbol.address);
    return `${name}+0x${(BigInt.asUintN(64, BigInt(address)) - BigInt(symbol.address)).toString(16)}`;
  }
}

function offsetText(distance: number): string {
  if (distance === 0) return '';
  return distance > 0 ? `+0x${distance.toString(16)}` : `-0x${(-distance).toString(16)}`;
}

function isObjectOnly({ flags, name }: ListedSymbol): boolean {
  const isObject = (flags & SymbolFlag.Object) !== 0 && (flags & SymbolFlag.Function) === 0;
  return isObject && !name.includes('gnu_compiled') && !name.includes('gcc2_compiled');
}

/** Zero, unless code lies so high (kernels) that numbers would lose bits: then the lowest address of code. */
function originOf(elf: ElfFile): bigint {
  const code = elf.sectionHeaders.filter(({ flags }) => (flags & SHF.EXECINSTR) !== 0n);
  let [lowest, highest] = [code[0]?.addr ?? 0n, 0n];
  for (const { addr, size } of code) {
    if (addr < lowest) lowest = addr;
    if (addr + size > highest) highest = addr + size;
  }
  return highest <= BigInt(Number.MAX_SAFE_INTEGER) ? 0n : lowest;
}
