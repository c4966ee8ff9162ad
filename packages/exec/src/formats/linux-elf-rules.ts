// table: what Linux demands of an ELF file, in the order in which it looks (fs/binfmt_elf.c).
import { roundDown } from '@elf/pagesize';
import { hasElfMagic, PT } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import type { ElfRule, SegmentRule } from './elf-rule.ts';
import { congruence, interpreterHeader, loadSpan, tableBytes } from './rule-facts.ts';

/** Largest program header table: 1170 entries of 56 bytes, 2048 of 32. */
const MAXIMUM_TABLE_BYTES = 65536;
/** PATH_MAX: the longest PT_INTERP, its NUL counted. */
const MAXIMUM_INTERPRETER_BYTES = 4096; // not a page size: PATH_MAX
const ET_EXEC = 2;
const ET_DYN = 3;
/** loff_t is signed: larger offsets are negative. */
const SIGNED_LIMIT = 2n ** 63n;
const { EINVAL, EIO, ELIBBAD, ENOEXEC, ENOMEM, EPERM } = ExecErrno;
const source = 'fs/binfmt_elf.c';

/** Rows before the mapping. What is not here is not looked at: class, byte order, version, OSABI, p_align, PT_NOTE, PT_PHDR. */
// biome-ignore format: one row per check
export const LINUX_ELF_RULES: readonly ElfRule[] = [
  { rule: 'elf-magic', stage: 'identity', isDecisive: true, errno: ENOEXEC, interpreterErrno: ELIBBAD, when: 'before', kernelFunction: 'load_elf_binary', source,
    demand: 'the file starts with 7f 45 4c 46',
    check: ({ header }) => hasElfMagic(header.ident) ? undefined : 'The file does not start with the ELF magic 7f 45 4c 46.' },
  { rule: 'elf-type', stage: 'identity', role: 'program', errno: ENOEXEC, when: 'before', kernelFunction: 'load_elf_binary', source,
    demand: 'e_type is ET_EXEC (2) or ET_DYN (3)',
    check: ({ header }) => header.type === ET_EXEC || header.type === ET_DYN ? undefined
      : `e_type is ${header.type}; only ET_EXEC (2) and ET_DYN (3) can be executed.` },
  { rule: 'elf-machine', stage: 'identity', isDecisive: true, errno: ENOEXEC, interpreterErrno: ELIBBAD, when: 'before', kernelFunction: 'elf_check_arch', source: 'arch/x86/include/asm/elf.h',
    demand: 'e_machine is 62, or 3 or 6 in the 32-bit loader',
    check: ({ header, abi }) => abi.machines.includes(header.machine) ? undefined
      : `e_machine is ${header.machine}; this loader is for machine ${abi.machines.join(' or ')} (${abi.name}).` },
  { rule: 'elf-mappable', stage: 'identity', role: 'program', errno: ENOEXEC, when: 'before', kernelFunction: 'load_elf_binary', source,
    demand: 'the file system can map files',
    check: ({ canBeMapped }) => canBeMapped ? undefined : 'The file system that holds the file cannot map files.' },
  { rule: 'elf-phentsize', stage: 'table', isDecisive: true, errno: ENOEXEC, interpreterErrno: ELIBBAD, when: 'before', kernelFunction: 'load_elf_phdrs', source,
    demand: 'e_phentsize is 56, or 32 in the 32-bit loader',
    check: ({ header, abi }) => header.phentsize === abi.programHeaderBytes ? undefined
      : `e_phentsize is ${header.phentsize} instead of ${abi.programHeaderBytes}.` },
  { rule: 'elf-phnum', stage: 'table', isDecisive: true, errno: ENOEXEC, interpreterErrno: ELIBBAD, when: 'before', kernelFunction: 'load_elf_phdrs', source,
    demand: 'the program header table has 1 to 65536 bytes: at most 1170 entries of 56 bytes, 2048 of 32',
    check: ({ header, abi }) => header.phnum > 0 && header.phnum * abi.programHeaderBytes <= MAXIMUM_TABLE_BYTES ? undefined
      : `e_phnum is ${header.phnum}; 1 to ${Math.floor(MAXIMUM_TABLE_BYTES / abi.programHeaderBytes)} program headers are accepted.` },
  { rule: 'elf-phdr-table', stage: 'table', isDecisive: true, errno: ENOEXEC, interpreterErrno: ELIBBAD, when: 'before', kernelFunction: 'elf_read', source,
    demand: 'the whole table can be read at e_phoff, which may be any offset below 2^63, aligned or not',
    check: (candidate) => candidate.header.phoff < SIGNED_LIMIT && candidate.header.phoff + BigInt(tableBytes(candidate)) <= BigInt(candidate.fileBytes) ? undefined
      : `The program header table at ${hex(candidate.header.phoff)} does not lie within the file of ${candidate.fileBytes} bytes.` },
  { rule: 'interp-size', stage: 'interpreter name', role: 'program', errno: ENOEXEC, when: 'before', kernelFunction: 'load_elf_binary', source,
    demand: 'the first PT_INTERP has 2 to 4096 bytes',
    check: (candidate) => {
      const header = interpreterHeader(candidate, 'first');
      return header === undefined || (header.filesz >= 2n && header.filesz <= BigInt(MAXIMUM_INTERPRETER_BYTES)) ? undefined
        : `PT_INTERP has ${header.filesz} bytes; 2 to ${MAXIMUM_INTERPRETER_BYTES} are accepted.`;
    } },
  { rule: 'interp-read', stage: 'interpreter name', role: 'program', errno: EIO, when: 'before', kernelFunction: 'elf_read', source,
    demand: 'PT_INTERP lies within the file',
    check: (candidate) => {
      const header = interpreterHeader(candidate, 'first');
      return header === undefined || header.offset + header.filesz <= BigInt(candidate.fileBytes) ? undefined
        : `PT_INTERP at ${hex(header.offset)} ends after the file's ${candidate.fileBytes} bytes.`;
    } },
  { rule: 'interp-termination', stage: 'interpreter name', role: 'program', errno: ENOEXEC, when: 'before', kernelFunction: 'load_elf_binary', source,
    demand: 'the last byte of PT_INTERP is NUL; an earlier NUL just ends the name',
    check: (candidate) => {
      const header = interpreterHeader(candidate, 'first');
      if (header === undefined || header.filesz < 1n) return undefined;
      const [last] = candidate.read(header.offset + header.filesz - 1n, 1);
      return last === 0 || last === undefined ? undefined : 'The last byte of PT_INTERP is not NUL.';
    } },
  { rule: 'interp-type', stage: 'image', role: 'interpreter', errno: ELIBBAD, when: 'after', kernelFunction: 'load_elf_interp', source,
    demand: 'the interpreter is ET_EXEC or ET_DYN',
    check: ({ header }) => header.type === ET_EXEC || header.type === ET_DYN ? undefined
      : `The interpreter has e_type ${header.type}; only ET_EXEC (2) and ET_DYN (3) can be mapped.` },
  { rule: 'interp-load', stage: 'image', role: 'interpreter', errno: EINVAL, when: 'after', kernelFunction: 'load_elf_interp', source,
    demand: 'the interpreter has a PT_LOAD, and all of them together a size',
    check: (candidate) => loadSpan(candidate) !== 0n ? undefined : 'The loadable segments of the interpreter span 0 bytes.' },
  { rule: 'interp-span', stage: 'image', role: 'interpreter', errno: ENOMEM, when: 'after', kernelFunction: 'load_elf_interp', source,
    demand: 'the PT_LOADs of the interpreter span at most the address space',
    check: (candidate) => loadSpan(candidate) <= BigInt(candidate.layout.taskSize) ? undefined
      : `The loadable segments of the interpreter span ${hex(loadSpan(candidate))} bytes.` },
  { rule: 'load-span', stage: 'image', role: 'program', errno: EINVAL, when: 'after', kernelFunction: 'load_elf_binary', source,
    demand: 'the PT_LOADs of an ET_DYN span at least a byte and at most the address space',
    check: (candidate) => {
      const { header, layout, programHeaders } = candidate;
      if (header.type !== ET_DYN || !programHeaders.some(({ type }) => type === PT.LOAD)) return undefined;
      const span = loadSpan(candidate);
      return span !== 0n && span <= BigInt(layout.taskSize) ? undefined : `The loadable segments span ${hex(span)} bytes.`;
    } },
  { rule: 'load-address', stage: 'image', role: 'program', errno: EINVAL, when: 'after', kernelFunction: 'load_elf_binary', source,
    demand: 'the first PT_LOAD of an ET_DYN starts inside the address space',
    check: ({ header, layout, programHeaders }) => {
      const first = programHeaders.find(({ type }) => type === PT.LOAD);
      return header.type !== ET_DYN || first === undefined || first.vaddr < BigInt(layout.taskSize) ? undefined
        : `The first PT_LOAD has address ${hex(first.vaddr)}, outside the address space.`;
    } },
  { rule: 'entry-address', stage: 'entry', errno: EINVAL, when: 'after', kernelFunction: 'load_elf_binary', source,
    demand: 'the first instruction, of the interpreter if there is one, lies below the end of the address space',
    check: ({ role, header, bias, layout }) => {
      const entry = BigInt.asUintN(64, header.entry + bias);
      return entry < BigInt(layout.taskSize) ? undefined
        : `The ${role === 'interpreter' ? "interpreter's entry" : 'entry'} ${hex(entry)} is outside the address space.`;
    } },
];

/** Rows asked of each PT_LOAD after the point of no return. Order, overlaps, p_align and the end of the file are not looked at. */
// biome-ignore format: one row per check
export const LINUX_SEGMENT_RULES: readonly SegmentRule[] = [
  { rule: 'load-filesz', stage: 'segment', errno: EINVAL, interpreterErrno: ENOMEM, when: 'after', kernelFunction: 'load_elf_binary', source,
    demand: 'p_filesz is at most p_memsz',
    check: ({ segment }) => segment.filesz <= segment.memsz ? undefined
      : `PT_LOAD ${segment.index} has ${segment.filesz} bytes in the file but only ${segment.memsz} in memory.` },
  { rule: 'load-address', stage: 'segment', errno: EINVAL, interpreterErrno: ENOMEM, when: 'after', kernelFunction: 'load_elf_binary', source,
    demand: 'the segment lies below the end of the address space',
    check: ({ segment, address, layout }) => {
      const limit = BigInt(layout.taskSize);
      return address >= 0n && address < limit && segment.memsz <= limit && limit - segment.memsz >= address ? undefined
        : `PT_LOAD ${segment.index} does not fit the address space: ${hex(segment.memsz)} bytes at ${hex(address)}.`;
    } },
  { rule: 'load-congruence', stage: 'segment', errno: EINVAL, when: 'after', kernelFunction: 'elf_map', source: 'mm/mmap.c',
    demand: 'p_offset and p_vaddr of a PT_LOAD with file bytes are equal modulo the page size of the kernel',
    check: ({ segment, hostPageBytes }) => congruence(segment, hostPageBytes) },
  { rule: 'load-minimum-address', stage: 'segment', role: 'program', errno: EPERM, when: 'after', kernelFunction: 'security_mmap_addr', source: 'security/min_addr.c',
    demand: 'nothing is mapped below vm.mmap_min_addr, except by a privileged caller',
    check: ({ segment, address, isMovable, layout, mayMapLowPages, hostPageBytes }) => {
      if (mayMapLowPages || isMovable || segment.memsz === 0n || address < 0n || address >= BigInt(layout.taskSize)) return undefined;
      const page = roundDown(Number(address), hostPageBytes);
      return page >= layout.minimumAddress ? undefined
        : `PT_LOAD ${segment.index} at ${hex(page)} lies below ${hex(layout.minimumAddress)}, the lowest address an unprivileged program may map.`;
    } },
];
