// table: what gVisor's sentry demands of an ELF file, in order (pkg/sentry/loader/elf.go).
import { roundUp } from '@elf/pagesize';
import { PT } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import { incongruence } from '../map-image.ts';
import {
  classRule,
  dataRule,
  entrySizeRule,
  identVersionRule,
  machineRule,
  magicRule,
  refusesEarly,
  typeRule,
} from './common-elf-rules.ts';
import type { ElfRule, SegmentRule } from './elf-rule.ts';
import { loadsOf, tableBytes } from './rule-facts.ts';

const SOURCE = 'pkg/sentry/loader/elf.go';
/** maxTotalPhdrSize: one page. */
const MAXIMUM_TABLE_BYTES = 4096; // not a page size: the limit, hostarch.PageSize on amd64
/** linux.PATH_MAX. */
const MAXIMUM_INTERPRETER_BYTES = 4096; // not a page size: PATH_MAX
const SIGNED_LIMIT = 2n ** 63n;
const U64 = 2n ** 64n;
const { EINVAL, ELIBBAD, ENOEXEC, ENOMEM } = ExecErrno;
/** parseHeader: what is ENOEXEC for a program is ELIBBAD for its interpreter. */
const parse = { ...refusesEarly('loader.parseHeader', SOURCE), interpreterErrno: ELIBBAD };
const load = refusesEarly('loader.loadParsedELF', SOURCE);

/** The rows. gVisor builds the new address space beside the old one, so every refusal reaches the caller. */
// biome-ignore format: one row per check
export const GVISOR_ELF_RULES: readonly ElfRule[] = [
  magicRule(parse), classRule(parse), dataRule(parse), identVersionRule(parse),
  { ...parse, rule: 'gvisor-header', stage: 'identity', isDecisive: true,
    demand: 'the file has at least the 64 bytes of a file header',
    check: ({ fileBytes, abi }) => fileBytes >= abi.fileHeaderBytes ? undefined
      : `The file has ${fileBytes} bytes; a file header has ${abi.fileHeaderBytes}.` },
  machineRule(parse), typeRule(parse), entrySizeRule(parse),
  { ...parse, rule: 'gvisor-phnum', stage: 'table', isDecisive: true,
    demand: `the program header table has 1 to ${MAXIMUM_TABLE_BYTES} bytes: at most ${Math.floor(MAXIMUM_TABLE_BYTES / 56)} entries`,
    check: (candidate) => {
      const bytes = tableBytes(candidate);
      return bytes > 0 && bytes <= MAXIMUM_TABLE_BYTES ? undefined
        : `e_phnum is ${candidate.header.phnum}, a table of ${bytes} bytes; 1 to ${MAXIMUM_TABLE_BYTES} bytes are accepted.`;
    } },
  { ...parse, rule: 'gvisor-phdr-table', stage: 'table', isDecisive: true,
    demand: 'the whole table can be read at e_phoff, and ends below 2^63',
    check: (candidate) => {
      const end = candidate.header.phoff + BigInt(tableBytes(candidate));
      return end < SIGNED_LIMIT && end <= BigInt(candidate.fileBytes) ? undefined
        : `The program header table at ${hex(candidate.header.phoff)} does not lie within the file of ${candidate.fileBytes} bytes.`;
    } },
  { ...load, rule: 'gvisor-order', stage: 'program headers',
    demand: 'PT_LOADs ascend and do not overlap: p_vaddr is not below the end of the PT_LOAD before it',
    check: (candidate) => {
      const loads = loadsOf(candidate);
      const index = loads.findIndex(({ vaddr }, at) => at > 0 && vaddr < loads[at - 1].vaddr + loads[at - 1].memsz);
      if (index < 0) return undefined;
      const [before, segment] = [loads[index - 1], loads[index]];
      return `PT_LOAD ${segment.index} starts at ${hex(segment.vaddr)}, below the end of PT_LOAD ${before.index} at ${hex(before.vaddr + before.memsz)}; segments must ascend and not overlap.`;
    } },
  { ...load, rule: 'gvisor-overflow', stage: 'program headers',
    demand: 'p_vaddr plus p_memsz of a PT_LOAD is below 2^64',
    check: (candidate) => {
      const odd = loadsOf(candidate).find(({ vaddr, memsz }) => vaddr + memsz >= U64);
      return odd && `PT_LOAD ${odd.index} wraps around: ${hex(odd.memsz)} bytes at ${hex(odd.vaddr)}.`;
    } },
  { ...load, rule: 'gvisor-interp-size', stage: 'program headers',
    demand: `every PT_INTERP has 2 to ${MAXIMUM_INTERPRETER_BYTES} bytes`,
    check: ({ programHeaders }) => {
      const odd = programHeaders.find(({ type, filesz }) => type === PT.INTERP && (filesz < 2n || filesz > BigInt(MAXIMUM_INTERPRETER_BYTES)));
      return odd && `PT_INTERP ${odd.index} has ${odd.filesz} bytes; 2 to ${MAXIMUM_INTERPRETER_BYTES} are accepted.`;
    } },
  { ...load, rule: 'gvisor-interp-termination', stage: 'program headers',
    demand: 'every PT_INTERP lies within the file and its last byte is NUL',
    check: ({ programHeaders, read }) => {
      const odd = programHeaders.find(({ type, offset, filesz }) => type === PT.INTERP && filesz > 0n && read(offset + filesz - 1n, 1)[0] !== 0);
      return odd && `PT_INTERP ${odd.index} does not lie within the file or its last byte is not NUL.`;
    } },
  { ...load, rule: 'gvisor-interp-interp', stage: 'program headers', role: 'interpreter', kernelFunction: 'loader.loadELF', errno: ENOEXEC,
    demand: 'the interpreter names no interpreter itself',
    check: ({ programHeaders }) => programHeaders.some(({ type }) => type === PT.INTERP) ? 'The interpreter has a PT_INTERP itself.' : undefined },
];

const map = { ...refusesEarly('loader.mapSegment', SOURCE), stage: 'segment' } as const;

/** Rows asked when a PT_LOAD is mapped. p_filesz may exceed p_memsz: all of the file part is mapped. */
// biome-ignore format: one row per check
export const GVISOR_SEGMENT_RULES: readonly SegmentRule[] = [
  { ...map, rule: 'gvisor-file-size',
    demand: 'p_filesz rounded up to pages is below 2^64',
    check: ({ segment, hostPageBytes }) => segment.filesz + 2n * BigInt(hostPageBytes) < U64 ? undefined
      : `PT_LOAD ${segment.index} has ${hex(segment.filesz)} bytes in the file.` },
  { ...map, rule: 'gvisor-congruence', errno: EINVAL, kernelFunction: 'mm.MMap', source: 'pkg/sentry/mm/syscalls.go',
    demand: 'p_offset and p_vaddr are equal modulo the page size, also when there are no bytes in the file',
    check: ({ segment, hostPageBytes }) => {
      const page = BigInt(hostPageBytes);
      if (segment.memsz === 0n || segment.offset % page === segment.vaddr % page) return undefined;
      if (segment.filesz + (segment.vaddr % page) === 0n) return undefined;
      return incongruence(segment, hostPageBytes);
    } },
  { ...map, rule: 'gvisor-address', errno: ENOMEM, kernelFunction: 'mm.MMap', source: 'pkg/sentry/mm/syscalls.go',
    demand: 'the segment lies inside the address space',
    check: ({ segment, address, layout, hostPageBytes }) => {
      const { filesz, memsz } = segment;
      const bytes = filesz + (memsz > filesz ? memsz - filesz : 0n);
      return address >= 0n && address + bytes <= BigInt(roundUp(layout.taskSize, hostPageBytes)) ? undefined
        : `PT_LOAD ${segment.index} does not fit the address space: ${hex(bytes)} bytes at ${hex(address)}.`;
    } },
];
