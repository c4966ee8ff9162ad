// table: what Linux checks of an ELF file before the point of no return, in its order (fs/binfmt_elf.c).
import { hasElfMagic } from '@elf/parse';
import type { ElfRule } from './elf-rule.ts';

/** Largest program header table: 1170 entries of 56 bytes, 2048 of 32 (load_elf_phdrs, since 4.18 independent of the page size). */
const MAXIMUM_TABLE_BYTES = 65536;
const ET_EXEC = 2;
const ET_DYN = 3;
/** loff_t is signed: larger offsets are negative. */
const SIGNED_LIMIT = 2n ** 63n;

/** Rows for program and interpreter alike. What is not here is not looked at: class, byte order, version, OSABI, p_align. */
// biome-ignore format: one row per check
export const LINUX_ELF_RULES: readonly ElfRule[] = [
  { rule: 'elf-magic', stage: 'identity', kernelFunction: 'load_elf_binary',
    check: ({ header }) => hasElfMagic(header.ident) ? undefined : 'The file does not start with the ELF magic 7f 45 4c 46.' },
  { rule: 'elf-type', stage: 'identity', kernelFunction: 'load_elf_binary',
    check: ({ header }) => header.type === ET_EXEC || header.type === ET_DYN ? undefined
      : `e_type is ${header.type}; only ET_EXEC (2) and ET_DYN (3) can be executed.` },
  { rule: 'elf-machine', stage: 'identity', kernelFunction: 'elf_check_arch',
    check: ({ header, abi }) => abi.machines.includes(header.machine) ? undefined
      : `e_machine is ${header.machine}; this loader is for machine ${abi.machines.join(' or ')} (${abi.name}).` },
  { rule: 'elf-mappable', stage: 'identity', kernelFunction: 'load_elf_binary',
    check: ({ canBeMapped }) => canBeMapped ? undefined : 'The file system that holds the file cannot map files.' },
  { rule: 'elf-phentsize', stage: 'table', kernelFunction: 'load_elf_phdrs',
    check: ({ header, abi }) => header.phentsize === abi.programHeaderBytes ? undefined
      : `e_phentsize is ${header.phentsize} instead of ${abi.programHeaderBytes}.` },
  { rule: 'elf-phnum', stage: 'table', kernelFunction: 'load_elf_phdrs',
    check: ({ header, abi }) => header.phnum > 0 && header.phnum * abi.programHeaderBytes <= MAXIMUM_TABLE_BYTES ? undefined
      : `e_phnum is ${header.phnum}; 1 to ${Math.floor(MAXIMUM_TABLE_BYTES / abi.programHeaderBytes)} program headers are accepted.` },
  { rule: 'elf-phdr-table', stage: 'table', kernelFunction: 'elf_read',
    check: ({ header, fileBytes, abi }) =>
      header.phoff < SIGNED_LIMIT && header.phoff + BigInt(header.phnum * abi.programHeaderBytes) <= BigInt(fileBytes) ? undefined
      : `The program header table at 0x${header.phoff.toString(16)} does not lie within the file of ${fileBytes} bytes.` },
];
