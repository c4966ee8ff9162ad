// readelf -I: how long the chains of the hash tables are.
import { type ElfFile, gnuChainLengths, readGnuHash, readSysvHash, sysvChainLengths } from '@elf/parse';
import type { ReadelfFile } from './readelf-file.ts';

/** Prints one histogram a hash table; nothing for a table that is missing. */
export function printHistograms(file: ReadelfFile): void {
  const { elf, output } = file;
  const sysv = sysvLengths(elf);
  if (sysv !== undefined) output.write(histogram(' for bucket list length', sysv));
  const gnu = gnuLengths(elf);
  if (gnu !== undefined) output.write(histogram(" for `.gnu.hash' bucket list length", gnu));
}

function sysvLengths(elf: ElfFile): Iterable<number> | undefined {
  const table = readSysvHash(elf);
  return table && sysvChainLengths(elf, table);
}

function gnuLengths(elf: ElfFile): Iterable<number> | undefined {
  const table = readGnuHash(elf);
  return table && gnuChainLengths(elf, table);
}

function histogram(title: string, lengths: Iterable<number>): string {
  const counts: number[] = [];
  let buckets = 0;
  let symbols = 0;
  for (const length of lengths) {
    while (counts.length <= length) counts.push(0);
    counts[length]++;
    buckets++;
    symbols += length;
  }
  // readelf has nothing to say about a table without symbols.
  if (symbols === 0) return '';
  let text = `\nHistogram${title} (total of ${buckets} bucket${buckets === 1 ? '' : 's'}):\n Length  Number     % of total  Coverage\n`;
  const row = (length: number, count: number) =>
    `${`${length}`.padStart(7)}  ${`${count}`.padEnd(10)} (${((count * 100) / buckets).toFixed(1).padStart(5)}%)`;
  text += `${row(0, counts[0] ?? 0)}\n`;
  let covered = 0;
  for (let length = 1; length < counts.length; length++) {
    covered += counts[length] * length;
    text += `${row(length, counts[length])}    ${((covered * 100) / symbols).toFixed(1).padStart(5)}%\n`;
  }
  return text;
}
