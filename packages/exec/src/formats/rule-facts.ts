// What several rules of several loaders compute from an ELF candidate: table size, PT_INTERP, the PT_LOADs and their span.
import { type ProgramHeader, PT } from '@elf/parse';
import { totalMappingBytes } from '../map-image.ts';
import type { ElfCandidate } from './elf-rule.ts';

/** Bytes of the program header table by e_phnum and the ABI's entry size. */
export function tableBytes({ header, abi }: ElfCandidate): number {
  return header.phnum * abi.programHeaderBytes;
}

/** The PT_INTERP a loader looks at when it takes the first or the last one. */
export function interpreterHeader(
  { programHeaders }: Pick<ElfCandidate, 'programHeaders'>,
  which: 'first' | 'last',
): ProgramHeader | undefined {
  const isInterpreter = ({ type }: ProgramHeader) => type === PT.INTERP;
  return which === 'first' ? programHeaders.find(isInterpreter) : programHeaders.findLast(isInterpreter);
}

/** PT_LOADs in table order. */
export function loadsOf({ programHeaders }: Pick<ElfCandidate, 'programHeaders'>): ProgramHeader[] {
  return programHeaders.filter(({ type }) => type === PT.LOAD);
}

/** Bytes from the lowest to the highest PT_LOAD; 0 when there is none or the fields wrap around. */
export function loadSpan(candidate: Pick<ElfCandidate, 'programHeaders'>): bigint {
  return totalMappingBytes(loadsOf(candidate));
}
