// table: what OpenBSD demands of an ELF file, in order (sys/kern/exec_elf.c).
import { decodeText, PT } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import {
  addressRule,
  classRule,
  dataRule,
  identVersionRule,
  machineRule,
  magicRule,
  refusesEarly,
  typeRule,
  versionRule,
  wholeTableRule,
} from './common-elf-rules.ts';
import type { ElfRule, SegmentRule } from './elf-rule.ts';
import { congruence, interpreterHeader, loadsOf, notesOf } from './rule-facts.ts';

const SOURCE = 'sys/kern/exec_elf.c';
/** ELF_MAX_VALID_PHDR. */
const MAXIMUM_PROGRAM_HEADERS = 32;
/** MAXPATHLEN. */
const MAXIMUM_INTERPRETER_BYTES = 1024;
/** Larger PT_NOTE segments are not looked at (elf_os_pt_note). */
const MAXIMUM_NOTE_SEGMENT = 1024;
const MAXIMUM_NOTES = 100;
const OWNER = 'OpenBSD\0';
const DESCRIPTION_BYTES = 4;
/** The table of system calls a library may make (sys/exec_elf.h, PT_OPENBSD_SYSCALLS). */
const PT_OPENBSD_SYSCALLS = 0x65a3dbe9;
const ET_DYN = 3;
const { EINVAL } = ExecErrno;
const header = refusesEarly('elf_check_header', SOURCE);
const command = refusesEarly('exec_elf_makecmds', SOURCE);
const program = { ...command, role: 'program', stage: 'program headers' } as const;
const interpreter = { ...command, role: 'interpreter', kernelFunction: 'elf_load_file' } as const;

/** The rows. All of them are asked before the old program is given up. */
// biome-ignore format: one row per check
export const OPENBSD_ELF_RULES: readonly ElfRule[] = [
  magicRule(header), classRule(header), dataRule(header), identVersionRule(header), machineRule(header), versionRule(header),
  { ...header, rule: 'openbsd-phnum', stage: 'identity',
    demand: `e_phnum is at most ${MAXIMUM_PROGRAM_HEADERS}`,
    check: ({ header: { phnum } }) => phnum <= MAXIMUM_PROGRAM_HEADERS ? undefined
      : `e_phnum is ${phnum}; at most ${MAXIMUM_PROGRAM_HEADERS} program headers are accepted.` },
  { ...typeRule(command), role: 'program' },
  { ...interpreter, rule: 'openbsd-interp-type', stage: 'identity', errno: EINVAL,
    demand: 'the interpreter is ET_DYN',
    check: ({ header: { type } }) => type === ET_DYN ? undefined : `The interpreter has e_type ${type}; only ET_DYN (3) is accepted.` },
  wholeTableRule({ ...command, kernelFunction: 'elf_read_from' }),
  { ...program, rule: 'openbsd-interp-size',
    demand: `the first PT_INTERP has 2 to ${MAXIMUM_INTERPRETER_BYTES} bytes`,
    check: (candidate) => {
      const found = interpreterHeader(candidate, 'first');
      return found === undefined || (found.filesz >= 2n && found.filesz <= BigInt(MAXIMUM_INTERPRETER_BYTES)) ? undefined
        : `PT_INTERP has ${found.filesz} bytes; 2 to ${MAXIMUM_INTERPRETER_BYTES} are accepted.`;
    } },
  { ...program, rule: 'openbsd-interp-termination',
    demand: 'PT_INTERP lies within the file and its last byte is NUL',
    check: (candidate) => {
      const found = interpreterHeader(candidate, 'first');
      if (found === undefined || found.filesz < 1n) return undefined;
      const [last] = candidate.read(found.offset + found.filesz - 1n, 1);
      return last === 0 ? undefined : 'PT_INTERP does not lie within the file or its last byte is not NUL.';
    } },
  { ...program, rule: 'openbsd-align', errno: EINVAL,
    demand: 'p_align of a PT_LOAD is 0, 1 or a power of two',
    check: (candidate) => {
      const odd = loadsOf(candidate).find(({ align }) => align > 1n && (align & (align - 1n)) !== 0n);
      return odd && `PT_LOAD ${odd.index} has p_align ${odd.align}, which is not a power of two.`;
    } },
  { ...program, rule: 'openbsd-load-size', errno: EINVAL,
    demand: 'p_memsz of a PT_LOAD is at least 1 and at least p_filesz',
    check: (candidate) => {
      const odd = loadsOf(candidate).find(({ filesz, memsz }) => filesz > memsz || memsz === 0n);
      return odd && `PT_LOAD ${odd.index} has ${odd.filesz} bytes in the file and ${odd.memsz} in memory.`;
    } },
  { ...program, rule: 'openbsd-shlib',
    demand: 'there is no PT_SHLIB',
    check: ({ programHeaders }) => {
      const odd = programHeaders.find(({ type }) => type === PT.SHLIB);
      return odd && `Program header ${odd.index} is a PT_SHLIB.`;
    } },
  { ...program, rule: 'openbsd-pie', errno: EINVAL,
    demand: 'an ET_DYN has a PT_PHDR, and its first PT_LOAD has address 0',
    check: (candidate) => {
      if (candidate.header.type !== ET_DYN) return undefined;
      const [first] = loadsOf(candidate);
      if (!candidate.programHeaders.some(({ type }) => type === PT.PHDR)) return 'The ET_DYN has no PT_PHDR.';
      if (first === undefined) return 'The ET_DYN has no PT_LOAD.';
      return first.vaddr === 0n ? undefined : `The first PT_LOAD of the ET_DYN has address 0x${first.vaddr.toString(16)} instead of 0.`;
    } },
  { ...program, rule: 'openbsd-note', kernelFunction: 'elf_os_pt_note',
    demand: `a PT_NOTE of at most ${MAXIMUM_NOTE_SEGMENT} bytes holds a note of OpenBSD`,
    check: (candidate) => {
      for (const { name, description } of notesOf(candidate, MAXIMUM_NOTE_SEGMENT, MAXIMUM_NOTES)) {
        if (decodeText(name) === OWNER && description.length === DESCRIPTION_BYTES) return undefined;
      }
      return `No PT_NOTE of at most ${MAXIMUM_NOTE_SEGMENT} bytes holds a note of OpenBSD; files of other systems do not run.`;
    } },
  { ...interpreter, rule: 'openbsd-interp-system-calls', stage: 'program headers', errno: EINVAL,
    demand: 'the interpreter carries a PT_OPENBSD_SYSCALLS',
    check: ({ programHeaders }) => programHeaders.some(({ type }) => type === PT_OPENBSD_SYSCALLS) ? undefined
      : 'The interpreter has no PT_OPENBSD_SYSCALLS, the table of system calls it may make.' },
  addressRule({ ...command, errno: ExecErrno.ENOMEM, when: 'after', kernelFunction: 'exec_process_vmcmds', source: 'sys/kern/kern_exec.c; the error number is not established' }),
];

/** Rows asked when a PT_LOAD is mapped, after the old program is gone. */
// biome-ignore format: one row per check
export const OPENBSD_SEGMENT_RULES: readonly SegmentRule[] = [
  { ...command, rule: 'load-congruence', stage: 'segment', errno: ExecErrno.EINVAL, when: 'after', kernelFunction: 'vmcmd_map_pagedvn', source: 'sys/kern/exec_subr.c',
    demand: 'p_offset and p_vaddr of a PT_LOAD with file bytes are equal modulo the page size',
    check: ({ segment, hostPageBytes }) => congruence(segment, hostPageBytes) },
];
