// A Plan 9 executable opened for reading.
import type { ByteSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { type Plan9Header, readPlan9Header } from './header.ts';
import { decodePlan9Lines, decodePlan9Symbols, type Plan9Line, type Plan9Symbol } from './symbol.ts';

/** A Plan 9 a.out file: the header at once, the rest when asked for. */
export interface Plan9File {
  readonly source: ByteSource;
  readonly header: Plan9Header;
  /** The text segment without the header, and the initialised data. */
  text(): Uint8Array;
  data(): Uint8Array;
  /** The symbol table in file order; empty in a stripped program. */
  symbols(): readonly Plan9Symbol[];
  /** Program counter to line, in address order; empty in a stripped program or where the text address is not known. */
  lines(): Iterable<Plan9Line>;
  /** The text symbol at or below an address, and how far behind its start the address lies. */
  symbolAt(address: bigint | number): { readonly symbol: Plan9Symbol; readonly offset: bigint } | undefined;
}

/**
 * Opens a Plan 9 executable.
 *
 * @throws ParseError `bad-magic`, `truncated`; `symbols` throws `truncated` and `malformed`.
 * @example
 * ```ts
 * const program = parsePlan9(source);
 * console.log(program.header.machine.name, program.header.entry);
 * ```
 */
export function parsePlan9(source: ByteSource): Plan9File {
  const header = readPlan9Header(source);
  let symbols: readonly Plan9Symbol[] | undefined;
  let byAddress: readonly Plan9Symbol[] | undefined;
  const read = (offset: number, size: number, what: string) => {
    const bytes = source.read(offset, Math.max(0, Math.min(size, source.size - offset)));
    if (bytes.length < size) throw new ParseError('truncated', offset, 'plan9', `The file ends inside ${what}.`);
    return bytes;
  };
  const readSymbols = () => {
    symbols ??= decodePlan9Symbols(read(header.symbolsOffset, header.syms, 'the symbol table'), header);
    return symbols;
  };
  return {
    source,
    header,
    text: () => read(header.textOffset, header.text, 'the text segment'),
    data: () => read(header.dataOffset, header.data, 'the data segment'),
    symbols: readSymbols,
    lines() {
      const { machine, pcTableOffset, pcsz } = header;
      if (machine.textAddress === undefined) return [];
      const table = read(pcTableOffset, pcsz, 'the line table');
      return decodePlan9Lines(table, machine.textAddress + BigInt(machine.headerSize), machine.pcQuantum);
    },
    symbolAt(address) {
      const wanted = BigInt(address);
      byAddress ??= readSymbols()
        .filter(({ type }) => 'TtLl'.includes(type))
        .sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : 0));
      const symbol = byAddress.findLast(({ value }) => value <= wanted);
      return symbol && { symbol, offset: wanted - symbol.value };
    },
  };
}
