// table: what NetBSD demands of a native ELF file, in order (sys/kern/exec_elf.c).
import { decodeText, PT } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import {
  addressRule,
  classRule,
  machineRule,
  magicRule,
  refusesEarly,
  typeRule,
  wholeTableRule,
} from './common-elf-rules.ts';
import type { ElfRule, SegmentRule } from './elf-rule.ts';
import { congruence, interpreterHeader, loadsOf, notesOf } from './rule-facts.ts';

const SOURCE = 'sys/kern/exec_elf.c';
/** The limits as revision 1.44 has them; newer values are not established. */
const LIMIT_SOURCE = 'sys/kern/exec_elf.c 1.44, MAXPHNUM and MAXSHNUM';
const MAXIMUM_PROGRAM_HEADERS = 128;
const MAXIMUM_SECTION_HEADERS = 32768;
/** MAXPATHLEN. */
const MAXIMUM_INTERPRETER_BYTES = 1024;
/** MAXNOTESIZE. */
const MAXIMUM_NOTE_SEGMENT = 1024;
const MAXIMUM_NOTES = 100;
const OWNER = 'NetBSD\0';
const NETBSD_TAG = 1;
const DESCRIPTION_BYTES = 4;
const ET_DYN = 3;
const header = refusesEarly('elf_check_header', SOURCE);
const command = refusesEarly('exec_elf_makecmds', SOURCE);
const program = { ...command, role: 'program' } as const;
const interpreter = { ...command, role: 'interpreter', kernelFunction: 'elf_load_file' } as const;

/** The rows. Byte order and versions are not looked at. */
// biome-ignore format: one row per check
export const NETBSD_ELF_RULES: readonly ElfRule[] = [
  magicRule(header), classRule(header), machineRule(header),
  { ...typeRule(header), role: 'program' },
  { ...interpreter, rule: 'netbsd-interp-type', stage: 'identity',
    demand: 'the interpreter is ET_DYN',
    check: ({ header: { type } }) => type === ET_DYN ? undefined : `The interpreter has e_type ${type}; only ET_DYN (3) is accepted.` },
  { ...header, rule: 'netbsd-shnum', stage: 'identity', source: LIMIT_SOURCE,
    demand: `e_shnum is at most ${MAXIMUM_SECTION_HEADERS}`,
    check: ({ header: { shnum } }) => shnum <= MAXIMUM_SECTION_HEADERS ? undefined
      : `e_shnum is ${shnum}; at most ${MAXIMUM_SECTION_HEADERS} section headers are accepted.` },
  { ...header, rule: 'netbsd-phnum', stage: 'identity', isDecisive: true, source: LIMIT_SOURCE,
    demand: `e_phnum is 1 to ${MAXIMUM_PROGRAM_HEADERS}`,
    check: ({ header: { phnum } }) => phnum > 0 && phnum <= MAXIMUM_PROGRAM_HEADERS ? undefined
      : `e_phnum is ${phnum}; 1 to ${MAXIMUM_PROGRAM_HEADERS} program headers are accepted.` },
  wholeTableRule({ ...command, kernelFunction: 'exec_read_from' }),
  { ...program, rule: 'netbsd-interp-size', stage: 'program headers',
    demand: `PT_INTERP has 2 to ${MAXIMUM_INTERPRETER_BYTES} bytes`,
    check: (candidate) => {
      const found = interpreterHeader(candidate, 'first');
      return found === undefined || (found.filesz >= 2n && found.filesz <= BigInt(MAXIMUM_INTERPRETER_BYTES)) ? undefined
        : `PT_INTERP has ${found.filesz} bytes; 2 to ${MAXIMUM_INTERPRETER_BYTES} are accepted.`;
    } },
  { ...program, rule: 'netbsd-interp-length', stage: 'program headers',
    demand: 'PT_INTERP is one name: its only NUL is its last byte',
    check: (candidate) => {
      const found = interpreterHeader(candidate, 'first');
      if (found === undefined || found.filesz > BigInt(MAXIMUM_INTERPRETER_BYTES)) return undefined;
      const end = candidate.read(found.offset, Number(found.filesz)).indexOf(0);
      return end === Number(found.filesz) - 1 ? undefined
        : `PT_INTERP has ${found.filesz} bytes and its first NUL ${end < 0 ? 'is missing' : `at ${end}`}; it must be the last byte.`;
    } },
  { ...program, rule: 'netbsd-note', stage: 'program headers', kernelFunction: 'netbsd_elf_signature',
    source: 'sys/kern/exec_elf.c; that current kernels look in PT_NOTE and not in sections is not established',
    demand: `a note segment of at most ${MAXIMUM_NOTE_SEGMENT} bytes holds a NetBSD tag; files of other systems need the probe of their emulation`,
    check: (candidate) => {
      for (const { name, type, description } of notesOf(candidate, MAXIMUM_NOTE_SEGMENT, MAXIMUM_NOTES)) {
        if (type === NETBSD_TAG && decodeText(name) === OWNER && description.length === DESCRIPTION_BYTES) return undefined;
      }
      return 'No note of NetBSD names this system; the native probe does not accept the file.';
    } },
  { ...program, rule: 'netbsd-load', stage: 'program headers',
    demand: 'there is a PT_LOAD',
    check: ({ programHeaders }) => programHeaders.some(({ type }) => type === PT.LOAD) ? undefined : 'There is no PT_LOAD.' },
  { ...interpreter, rule: 'netbsd-interp-load', stage: 'program headers',
    demand: 'the interpreter has a PT_LOAD',
    check: (candidate) => loadsOf(candidate).length > 0 ? undefined : 'The interpreter has no PT_LOAD.' },
  addressRule({ ...command, errno: ExecErrno.ENOMEM, when: 'after', kernelFunction: 'execve_runproc', source: 'sys/kern/kern_exec.c; the error number is not established' }),
];

/** Rows asked when a PT_LOAD is mapped, after the old program is gone. */
// biome-ignore format: one row per check
export const NETBSD_SEGMENT_RULES: readonly SegmentRule[] = [
  { ...command, rule: 'load-congruence', stage: 'segment', errno: ExecErrno.EINVAL, when: 'after', kernelFunction: 'vmcmd_map_pagedvn', source: 'sys/kern/exec_subr.c',
    demand: 'p_offset and p_vaddr of a PT_LOAD with file bytes are equal modulo the page size, unless its p_align is below a page: then its bytes are read',
    check: ({ segment, hostPageBytes }) => segment.align < BigInt(hostPageBytes) ? undefined : congruence(segment, hostPageBytes) },
];
