// Functions that run before and after main: DT_INIT, DT_INIT_ARRAY and their kin.
import { DT, dynamicOffset, dynamicValue } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { dynamicRelocations } from './relocation.ts';
import { SHT } from './section-header.ts';

/** Addresses as in the file, relative relocations applied for load address 0. */
export interface FunctionArrays {
  readonly init: bigint | undefined;
  readonly fini: bigint | undefined;
  readonly preinitArray: readonly bigint[];
  readonly initArray: readonly bigint[];
  readonly finiArray: readonly bigint[];
}

// e_machine to the machine's "load address plus addend" relocation (the processor supplements).
const RELATIVE_TYPES: ReadonlyMap<number, number> = new Map([
  [3, 8], // R_386_RELATIVE
  [40, 23], // R_ARM_RELATIVE
  [62, 8], // R_X86_64_RELATIVE
  [183, 1027], // R_AARCH64_RELATIVE
  [243, 3], // R_RISCV_RELATIVE
  [258, 3], // R_LARCH_RELATIVE
]);

/**
 * Reads the arrays through the dynamic section, else through their section types (static programs).
 *
 * @throws ParseError `truncated` (strict mode).
 */
export function functionArrays(elf: ElfFile): FunctionArrays {
  const arrays = {
    preinitArray: readArray(elf, DT.PREINIT_ARRAY, DT.PREINIT_ARRAYSZ, SHT.PREINIT_ARRAY),
    initArray: readArray(elf, DT.INIT_ARRAY, DT.INIT_ARRAYSZ, SHT.INIT_ARRAY),
    finiArray: readArray(elf, DT.FINI_ARRAY, DT.FINI_ARRAYSZ, SHT.FINI_ARRAY),
  };
  relocate(elf, Object.values(arrays));
  return {
    init: dynamicValue(elf, DT.INIT),
    fini: dynamicValue(elf, DT.FINI),
    preinitArray: arrays.preinitArray.values,
    initArray: arrays.initArray.values,
    finiArray: arrays.finiArray.values,
  };
}

interface PlacedArray {
  readonly address: bigint;
  readonly values: bigint[];
}

function readArray(elf: ElfFile, addressTag: bigint, sizeTag: bigint, sectionType: number): PlacedArray {
  const address = dynamicValue(elf, addressTag);
  const size = dynamicValue(elf, sizeTag);
  if (address !== undefined && size !== undefined) {
    const offset = dynamicOffset(elf, address, 'A function array');
    return { address, values: offset === undefined ? [] : readWords(elf, offset, size) };
  }
  const section = elf.sectionHeaders.find(({ type }) => type === sectionType);
  if (section === undefined) return { address: 0n, values: [] };
  return { address: section.addr, values: readWords(elf, section.offset, section.size) };
}

function readWords(elf: ElfFile, offset: bigint, size: bigint): bigint[] {
  const reader = elf.reader(elf.readBytes(offset, size, 'a function array'));
  const word = elf.wordSize;
  return Array.from({ length: Math.floor(reader.length / word) }, (_, index) => reader.word(index * word, word));
}

/** In RELA files the array's own bytes are often zero: the address is the relocation's addend. REL and RELR keep it in place. */
function relocate(elf: ElfFile, arrays: readonly PlacedArray[]): void {
  const relative = RELATIVE_TYPES.get(elf.fileHeader.machine);
  const filled = arrays.filter(({ values }) => values.length > 0);
  if (relative === undefined || filled.length === 0) return;
  const word = BigInt(elf.wordSize);
  for (const table of dynamicRelocations(elf)) {
    if (table.kind !== 'rela') continue;
    for (const { offset, type, addend } of table) {
      if (type !== relative || addend === undefined) continue;
      for (const { address, values } of filled)
        if (offset >= address && offset < address + BigInt(values.length) * word)
          values[Number((offset - address) / word)] = BigInt.asUintN(8 * elf.wordSize, addend);
    }
  }
}
