// The .MIPS.abiflags section: which instruction set and register widths MIPS code needs.
import type { SectionHeader } from '@elf/parse';
import { hex } from './number-text.ts';
import type { ReadelfFile } from './readelf-file.ts';

const REGISTER_BITS = [0, 32, 64, 128];
const FLOAT_ABI = [
  'Hard or soft float',
  'Hard float (double precision)',
  'Hard float (single precision)',
  'Soft float',
  'Hard float (MIPS32r2 64-bit FPU 12 callee-saved)',
  'Hard float (32-bit CPU, Any FPU)',
  'Hard float (32-bit CPU, 64-bit FPU)',
  'Hard float compat (32-bit CPU, 64-bit FPU)',
];
// Bits of the field `ases` (MIPS ABI flags specification), lowest first.
const EXTENSIONS = [
  'DSP ASE',
  'DSP R2 ASE',
  'Enhanced VA Scheme',
  'MCU (MicroController) ASE',
  'MDMX ASE',
  'MIPS-3D ASE',
  'MT ASE',
  'SmartMIPS ASE',
  'VZ ASE',
  'MSA ASE',
  'MIPS16 ASE',
  'MICROMIPS ASE',
  'XPA ASE',
];

/** Prints version 0 of the structure, the only one there is. */
export function printMipsAbiFlags(file: ReadelfFile, section: SectionHeader): void {
  const { elf, output } = file;
  const reader = elf.reader(elf.sectionData(section));
  if (reader.length !== 24) {
    file.error('Corrupt MIPS ABI Flags section.');
    return;
  }
  const level = reader.u8(2);
  const revision = reader.u8(3);
  const bits = reader.u32(12);
  const extensions = EXTENSIONS.filter((_, bit) => (bits >>> bit) & 1);
  const size = (offset: number) => REGISTER_BITS[reader.u8(offset)] ?? -1;
  const extension = reader.u32(8);
  output.write(
    `\nMIPS ABI Flags Version: ${reader.u16(0)}\n\nISA: MIPS${level}${revision > 1 ? `r${revision}` : ''}\n` +
      `GPR size: ${size(4)}\nCPR1 size: ${size(5)}\nCPR2 size: ${size(6)}\n` +
      `FP ABI: ${FLOAT_ABI[reader.u8(7)] ?? `??? (${reader.u8(7)})`}\n` +
      `ISA Extension: ${extension === 0 ? 'None' : `Unknown (${extension})`}\n` +
      `ASEs:\n${extensions.length === 0 ? '\tNone' : extensions.map((name) => `\t${name}`).join('\n')}\n` +
      `FLAGS 1: ${hex(reader.u32(16), 8)}\nFLAGS 2: ${hex(reader.u32(20), 8)}\n`,
  );
}
