// The options of `elf disassemble`: objdump's names where the meaning is objdump's.
import { type OptionRow, optionHelp } from '../options.ts';
import type { ListingRequest } from './listing.ts';

// biome-ignore format: one row per line
const DISASSEMBLE_OPTIONS: readonly OptionRow[] = [
  { name: 'section',         value: 'name',    description: 'only this section, code or not (also -j)', repeatable: true },
  { name: 'start-address',   value: 'address', description: 'begin here; decimal, or hexadecimal with 0x' },
  { name: 'stop-address',    value: 'address', description: 'stop before this address' },
  { name: 'att',                               description: "AT&T's syntax (the default)" },
  { name: 'intel',                             description: "Intel's syntax (also -M intel)" },
  { name: 'no-show-raw-insn',                  description: 'leave out the bytes' },
  { name: 'disassemble-zeroes',                description: 'print runs of zero bytes too (also -z)' },
  { name: 'help',                              description: 'print this' },
];

export const DISASSEMBLE_USAGE = `usage: elf disassemble [options] FILE...
Prints x86 code, 64-bit and 32-bit, as objdump -d does.
${optionHelp(DISASSEMBLE_OPTIONS)}`;

type DisassembleOptions =
  | { readonly help: true }
  | { readonly mistake: string }
  | { readonly files: readonly string[]; readonly request: ListingRequest };

/** Short names, and what they stand for. */
const ALIASES: Readonly<Record<string, string>> = { j: 'section', z: 'disassemble-zeroes', h: 'help' };

/** Reads the words behind the command's name; options may stand behind files. */
export function parseDisassembleArguments(args: readonly string[]): DisassembleOptions {
  const files: string[] = [];
  const values = new Map<string, string[]>();
  let syntax: 'att' | 'intel' = 'att';
  for (let at = 0; at < args.length; at += 1) {
    const word = args[at];
    if (word === '--') {
      files.push(...args.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      files.push(word);
      continue;
    }
    const [, name = '', , attached] = /^--?([^=]+)(=(.*))?$/s.exec(word) ?? [];
    if (name === 'd' || name === 'disassemble') continue;
    if (name === 'disassembler-options' || name.startsWith('M')) {
      const wanted = name.startsWith('M') && name !== 'M' ? name.slice(1) : (attached ?? args[++at]);
      if (wanted !== 'att' && wanted !== 'intel') return { mistake: `-M takes att or intel, not ${wanted}` };
      syntax = wanted;
      continue;
    }
    const row = DISASSEMBLE_OPTIONS.find((candidate) => candidate.name === (ALIASES[name] ?? name));
    if (row === undefined) return { mistake: `unknown option ${word}` };
    if (row.name === 'help') return { help: true };
    if (row.name === 'att' || row.name === 'intel') {
      syntax = row.name;
      continue;
    }
    const value = row.value === undefined ? '' : (attached ?? args[++at]);
    if (value === undefined) return { mistake: `option ${word} needs a ${row.value}` };
    values.set(row.name, [...(values.get(row.name) ?? []), value]);
  }
  return requestOf(files, values, syntax);
}

function requestOf(
  files: readonly string[],
  values: ReadonlyMap<string, string[]>,
  syntax: 'att' | 'intel',
): DisassembleOptions {
  if (files.length === 0) return { mistake: 'no file to disassemble' };
  const addresses: (bigint | undefined)[] = [];
  for (const name of ['start-address', 'stop-address']) {
    const text = values.get(name)?.at(-1);
    if (text !== undefined && !/^(0x[0-9a-f]+|[0-9]+)$/i.test(text))
      return { mistake: `--${name} takes an address, not ${text}` };
    addresses.push(text === undefined ? undefined : BigInt(text));
  }
  const [startAddress, stopAddress] = addresses;
  return {
    files,
    request: {
      syntax,
      sections: values.get('section') ?? [],
      startAddress,
      stopAddress,
      showRawBytes: !values.has('no-show-raw-insn'),
      showZeroes: values.has('disassemble-zeroes'),
    },
  };
}
