// How many dynamic symbols there are, when no section header says so.
import { DT, dynamicOffset, dynamicValue } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { readGnuHash } from './gnu-hash.ts';
import { readSysvHash } from './sysv-hash.ts';

/**
 * The count from DT_HASH (its nchain is the number of symbols), else from DT_GNU_HASH (the highest index any chain reaches), else from the
 * room between DT_SYMTAB and the string table, which linkers place right behind it. 0 when nothing tells.
 */
export function dynamicSymbolCount(elf: ElfFile): number {
  const sysv = readSysvHash(elf);
  if (sysv !== undefined) return sysv.chains.length;
  const gnu = readGnuHash(elf);
  if (gnu !== undefined) return gnu.symbolCount;
  const symbols = dynamicValue(elf, DT.SYMTAB);
  const strings = dynamicValue(elf, DT.STRTAB);
  if (symbols === undefined || strings === undefined || strings <= symbols) return 0;
  const start = dynamicOffset(elf, symbols, 'DT_SYMTAB');
  const end = dynamicOffset(elf, strings, 'DT_STRTAB');
  if (start === undefined || end === undefined || end <= start || end > BigInt(elf.source.size)) return 0;
  return Number((end - start) / BigInt(elf.layout.symbolSize));
}
