// The build attribute notes of annobin ("GA$...", watermark specification): their names carry the data.
import { decodeText, type ElfFile, type ElfNote, SHT } from '@elf/parse';
import { alternate, hex } from './number-text.ts';

const NAMES = ['', 'version', 'stack prot', 'relro', 'stack size', 'tool', 'ABI', 'PIC', 'short enum'];
const STACK_PROTECTION = ['off', 'on', 'all', 'strong', 'explicit'];
const POSITION_INDEPENDENCE = ['static', 'pic', 'PIC', 'pie', 'PIE'];

/** The attribute and its value out of the name's bytes; undefined when it is no build attribute. */
export function buildAttributeText(name: Uint8Array): string | undefined {
  if (name.length < 4 || name[0] !== 0x47 || name[1] !== 0x41) return undefined;
  const kind = String.fromCharCode(name[2]);
  if (!'$*+!'.includes(kind)) return undefined;
  let position = 3;
  let label: string;
  const attribute = name[position];
  if (attribute < 0x20) {
    label = attribute > 0 && attribute < NAMES.length ? `<${NAMES[attribute]}>` : `<unknown:_${hex(attribute)}>`;
    position++;
  } else {
    const end = untilControl(name, position);
    label = `${decodeText(name, position, end)}:`;
    position = end + 1;
  }
  return `GA${kind}${label}${valueText(kind, attribute, name.subarray(position))}`;
}

// A named attribute ends at its NUL; numeric data follows.
function untilControl(name: Uint8Array, start: number): number {
  let end = start;
  while (end < name.length && name[end] >= 0x20 && name[end] < 0x7f) end++;
  return end;
}

function valueText(kind: string, attribute: number, rest: Uint8Array): string {
  if (kind === '+') return 'true';
  if (kind === '!') return 'false';
  if (kind === '$') {
    const end = rest.indexOf(0);
    return decodeText(rest, 0, end === -1 ? rest.length : end);
  }
  // Numbers are little-endian whatever the file's order.
  let value = 0n;
  for (let index = Math.min(rest.length, 8) - 1; index >= 0; index--) value = (value << 8n) | BigInt(rest[index]);
  if (attribute === 2) return STACK_PROTECTION[Number(value)] ?? `0x${hex(value)}`;
  if (attribute === 7) return POSITION_INDEPENDENCE[Number(value)] ?? `0x${hex(value)}`;
  return `0x${hex(value)}`;
}

/** What the notes apply to: an empty description means the region of the note before. */
export class BuildAttributeRegions {
  readonly #elf: ElfFile;
  #symbols: ReadonlyMap<bigint, { open: string | undefined; func: string | undefined }> | undefined;
  #open: { start: bigint; end: bigint } = { start: 0n, end: 0n };
  #func: { start: bigint; end: bigint } = { start: 0n, end: 0n };

  constructor(elf: ElfFile) {
    this.#elf = elf;
  }

  text(note: ElfNote): string {
    const isOpen = note.type === 0x100;
    const what = isOpen ? 'region' : 'func';
    const { description } = note;
    if (description.length === 0) {
      const { start, end } = isOpen ? this.#open : this.#func;
      const range =
        end > start
          ? `from 0x${hex(start)} to 0x${hex(end)}`
          : isOpen
            ? `from ${alternate(start)}`
            : `at ${alternate(start)}`;
      return `    Applies to ${what} ${range}\n`;
    }
    const word = description.length === 16 ? 8 : description.length === 8 || description.length === 4 ? 4 : 0;
    if (word === 0) return '    <invalid description size>\n';
    const reader = this.#elf.reader(description);
    const start = reader.word(0, word);
    const hasEnd = description.length >= 2 * word;
    const end = hasEnd ? reader.word(word, word) : 0n;
    const region = { start, end };
    if (isOpen) this.#open = region;
    else this.#func = region;
    const symbol = this.#symbolAt(start, isOpen);
    const name = symbol === undefined ? '' : ` (${symbol})`;
    const to = hasEnd && end !== 0n ? ` to ${alternate(end)}` : '';
    return `    Applies to region from ${alternate(start)}${to}${name}\n`;
  }

  #symbolAt(address: bigint, isOpen: boolean): string | undefined {
    this.#symbols ??= this.#index();
    const found = this.#symbols.get(address);
    return isOpen ? found?.open : found?.func;
  }

  #index(): ReadonlyMap<bigint, { open: string | undefined; func: string | undefined }> {
    const map = new Map<bigint, { open: string | undefined; func: string | undefined; global: boolean }>();
    const section = this.#elf.sectionHeaders.find(({ type }) => type === SHT.SYMTAB);
    const table = section && this.#elf.symbols(section);
    if (table === undefined) return map;
    for (const symbol of table) {
      if (symbol.name === '' || symbol.sectionIndex === 0) continue;
      const entry = map.get(symbol.value) ?? { open: undefined, func: undefined, global: false };
      if (symbol.type === 2) entry.func ??= symbol.name;
      else if (!entry.global) {
        // A region's mark may be local; the first global one at the same address is preferred.
        const global = symbol.binding === 1;
        if (entry.open === undefined || global) entry.open = symbol.name;
        entry.global = global;
      }
      map.set(symbol.value, entry);
    }
    return map;
  }
}
