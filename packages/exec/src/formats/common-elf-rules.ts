// table: checks that several loaders make in the same words, as builders: each loader says where in its source they are.
import { hasElfMagic } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import type { ElfRule } from './elf-rule.ts';
import { loadsOf, tableBytes } from './rule-facts.ts';

/** What a loader says about its own rows. */
export type RuleSource = Pick<ElfRule, 'errno' | 'interpreterErrno' | 'when' | 'kernelFunction' | 'source'>;

const ET_EXEC = 2;
const ET_DYN = 3;
const ELF_CLASS_BYTE = 4;
const ELF_DATA_BYTE = 5;
const ELF_VERSION_BYTE = 6;

/** A row that refuses before the point of no return with ENOEXEC, as most do. */
export function refusesEarly(kernelFunction: string, source: string): RuleSource {
  return { errno: ExecErrno.ENOEXEC, when: 'before', kernelFunction, source };
}

/** The first four bytes. */
export const magicRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-magic',
  stage: 'identity',
  isDecisive: true,
  demand: 'the file starts with 7f 45 4c 46',
  check: ({ header }) =>
    hasElfMagic(header.ident) ? undefined : 'The file does not start with the ELF magic 7f 45 4c 46.',
});

/** EI_CLASS, as the flavour of the loader wants it. */
export const classRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-class',
  stage: 'identity',
  isDecisive: true,
  demand: 'EI_CLASS is 2 (64-bit)',
  check: ({ header, abi }) => {
    const wanted = abi.elfClass === 64 ? 2 : 1;
    const found = header.ident[ELF_CLASS_BYTE];
    return found === wanted ? undefined : `EI_CLASS is ${found}; this loader wants ${wanted} (${abi.elfClass}-bit).`;
  },
});

/** EI_DATA: little-endian. */
export const dataRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-data',
  stage: 'identity',
  isDecisive: true,
  demand: 'EI_DATA is 1 (little-endian)',
  check: ({ header }) =>
    header.ident[ELF_DATA_BYTE] === 1
      ? undefined
      : `EI_DATA is ${header.ident[ELF_DATA_BYTE]}; this loader wants 1 (little-endian).`,
});

/** EI_VERSION. */
export const identVersionRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-ident-version',
  stage: 'identity',
  demand: 'EI_VERSION is 1',
  check: ({ header }) =>
    header.ident[ELF_VERSION_BYTE] === 1 ? undefined : `EI_VERSION is ${header.ident[ELF_VERSION_BYTE]} instead of 1.`,
});

/** e_version. */
export const versionRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-version',
  stage: 'identity',
  demand: 'e_version is 1',
  check: ({ header }) => (header.version === 1 ? undefined : `e_version is ${header.version} instead of 1.`),
});

/** e_machine. */
export const machineRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-machine',
  stage: 'identity',
  isDecisive: true,
  demand: 'e_machine is 62 (x86-64)',
  check: ({ header, abi }) =>
    abi.machines.includes(header.machine)
      ? undefined
      : `e_machine is ${header.machine}; this loader is for machine ${abi.machines.join(' or ')} (${abi.name}).`,
});

/** e_type of a program. */
export const typeRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-type',
  stage: 'identity',
  demand: 'e_type is ET_EXEC (2) or ET_DYN (3)',
  check: ({ header }) =>
    header.type === ET_EXEC || header.type === ET_DYN
      ? undefined
      : `e_type is ${header.type}; only ET_EXEC (2) and ET_DYN (3) can be executed.`,
});

/** e_phentsize. */
export const entrySizeRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-phentsize',
  stage: 'identity',
  isDecisive: true,
  demand: 'e_phentsize is 56',
  check: ({ header, abi }) =>
    header.phentsize === abi.programHeaderBytes
      ? undefined
      : `e_phentsize is ${header.phentsize} instead of ${abi.programHeaderBytes}.`,
});

/** The table anywhere in the file, but whole. */
export const wholeTableRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'elf-phdr-table',
  stage: 'table',
  isDecisive: true,
  demand: 'the whole table can be read at e_phoff',
  check: (candidate) =>
    candidate.header.phoff + BigInt(tableBytes(candidate)) <= BigInt(candidate.fileBytes)
      ? undefined
      : `The program header table at ${hex(candidate.header.phoff)} does not lie within the file of ${candidate.fileBytes} bytes.`,
});

/** All PT_LOADs inside the address space. */
export const addressRule = (where: RuleSource): ElfRule => ({
  ...where,
  rule: 'load-address',
  stage: 'image',
  demand: 'the PT_LOADs end inside the address space',
  check: (candidate) => {
    const beyond = loadsOf(candidate).find(({ vaddr, memsz }) => vaddr + memsz > BigInt(candidate.layout.taskSize));
    return beyond && `PT_LOAD ${beyond.index} ends at ${hex(beyond.vaddr + beyond.memsz)}, outside the address space.`;
  },
});
