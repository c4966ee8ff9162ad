// table: the formats this package knows, in the order they are tried.
import { hasArchiveMagic, parseArchive } from './ar/archive.ts';
import { parseElf } from './elf/elf.ts';
import { hasElfMagic } from './elf/file-header.ts';
import type { Format } from './format.ts';
import { plan9MachineOf } from './plan9/header.ts';
import { parsePlan9 } from './plan9/plan9.ts';
import { parseScript } from './script/script.ts';

const isScript = (head: Uint8Array) => head[0] === 0x23 && head[1] === 0x21;
const isPlan9 = (head: Uint8Array) => plan9MachineOf(head) !== undefined;

/** The formats in the order they are asked; the first that knows a file's first bytes has it. */
// biome-ignore format: one row per line
export const FORMATS = [
  { name: 'elf',    description: 'ELF executable, shared object, object file or core file', recognises: hasElfMagic,     parse: parseElf },
  { name: 'ar',     description: 'ar archive',                                              recognises: hasArchiveMagic, parse: parseArchive },
  { name: 'plan9',  description: 'Plan 9 a.out executable',                                 recognises: isPlan9,         parse: parsePlan9 },
  { name: 'script', description: 'script with a #! line',                                   recognises: isScript,        parse: parseScript },
] as const satisfies readonly Format[];
