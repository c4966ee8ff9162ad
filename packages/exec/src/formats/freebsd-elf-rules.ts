// table: what FreeBSD 14 and 15 demand of an ELF file, in order (sys/kern/imgact_elf.c).
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { PF, PT } from '@elf/parse';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import {
  classRule,
  dataRule,
  entrySizeRule,
  identVersionRule,
  machineRule,
  magicRule,
  refusesEarly,
  typeRule,
  versionRule,
} from './common-elf-rules.ts';
import type { ElfRule, SegmentRule } from './elf-rule.ts';
import { type Brand, chooseBrand } from './freebsd-brand.ts';
import { interpreterHeader, loadsOf, tableBytes } from './rule-facts.ts';

const SOURCE = 'sys/kern/imgact_elf.c';
/** PAGE_SIZE of amd64: the image activator sees the first page of the file and nothing else. */
const PAGE = GUEST_PAGE_BYTES;
/** MAXPATHLEN. */
const MAXIMUM_INTERPRETER_BYTES = 1024;
/** The largest superpage of CPUs with 1 GiB pages; 4 MiB on others. */
const LARGEST_ALIGNMENT = 1n << 30n;
/** Alignment of Elf64_Addr. */
const ADDRESS_BYTES = 8n;
const ET_DYN = 3;
const U64 = 2n ** 64n;
const check = refusesEarly('elf64_check_header', SOURCE);
const activate = refusesEarly('exec_elf64_imgact', SOURCE);
const program = { ...activate, role: 'program' } as const;

/**
 * The rows, for a kernel with these brands. A file of another class, machine or version is "not mine" for the activator and
 * ends as ENOEXEC in kern_exec.c.
 */
// biome-ignore format: one row per check
export const freebsdElfRules = (brands: readonly Brand[]): readonly ElfRule[] => [
  magicRule(check), classRule(check), dataRule(check), identVersionRule(check), entrySizeRule(check), versionRule(check), machineRule(check),
  typeRule(activate),
  { ...activate, rule: 'freebsd-phdr-first-page', stage: 'table',
    demand: `the program header table lies inside the first page of the file: e_phoff plus its size is at most ${PAGE}, which is 72 entries at e_phoff 64`,
    check: (candidate) => {
      const { phoff, phnum } = candidate.header;
      const bytes = tableBytes(candidate);
      return phoff <= BigInt(PAGE) && bytes <= PAGE - Number(phoff) ? undefined
        : `e_phoff is ${phoff} (${hex(phoff)}) and the ${phnum} program headers take ${bytes} bytes; they must lie within the first page, the first ${PAGE} bytes of the file.`;
    } },
  { ...activate, rule: 'freebsd-phdr-alignment', stage: 'table',
    demand: 'e_phoff is a multiple of 8',
    check: ({ header: { phoff } }) => phoff % ADDRESS_BYTES === 0n ? undefined
      : `e_phoff is ${phoff} (${hex(phoff)}), which is ${phoff % ADDRESS_BYTES} mod 8; the program headers must be aligned to 8 bytes.` },
  { ...program, rule: 'freebsd-align', stage: 'program headers',
    demand: `p_align of each PT_LOAD is 0 or a power of two, at most the largest superpage (${LARGEST_ALIGNMENT} with 1 GiB pages, never less than 4 MiB)`,
    check: (candidate) => {
      const odd = loadsOf(candidate).find(({ align }) => align > LARGEST_ALIGNMENT || (align & (align - 1n)) !== 0n && align !== 0n);
      return odd && `PT_LOAD ${odd.index} has p_align ${hex(odd.align)}; a power of two up to ${hex(LARGEST_ALIGNMENT)} is accepted.`;
    } },
  { ...program, rule: 'freebsd-size-overflow', stage: 'program headers',
    demand: 'the sum of all p_memsz is below 2^64',
    check: (candidate) => {
      const sum = loadsOf(candidate).reduce((total, { memsz }) => total + memsz, 0n);
      return sum < U64 ? undefined : `The PT_LOADs have ${hex(sum)} bytes in memory together, more than 64 bits can count.`;
    } },
  { ...program, rule: 'freebsd-interp-count', stage: 'program headers',
    demand: 'there is at most one PT_INTERP',
    check: ({ programHeaders }) => {
      const count = programHeaders.filter(({ type }) => type === PT.INTERP).length;
      return count <= 1 ? undefined : `There are ${count} PT_INTERP headers; one is accepted.`;
    } },
  { ...program, rule: 'freebsd-interp-size', stage: 'program headers',
    demand: `PT_INTERP has 2 to ${MAXIMUM_INTERPRETER_BYTES} bytes`,
    check: (candidate) => {
      const header = interpreterHeader(candidate, 'first');
      return header === undefined || (header.filesz >= 2n && header.filesz <= BigInt(MAXIMUM_INTERPRETER_BYTES)) ? undefined
        : `PT_INTERP has ${header.filesz} bytes; 2 to ${MAXIMUM_INTERPRETER_BYTES} are accepted.`;
    } },
  { ...program, rule: 'freebsd-interp-nul', stage: 'program headers',
    demand: 'a PT_INTERP inside the first page ends in NUL (elsewhere it is cut off with one)',
    check: (candidate) => {
      const header = interpreterHeader(candidate, 'first');
      if (header === undefined || header.filesz < 1n || header.offset + header.filesz > BigInt(PAGE)) return undefined;
      const [last] = candidate.read(header.offset + header.filesz - 1n, 1);
      return last === 0 || last === undefined ? undefined : 'PT_INTERP lies in the first page and its last byte is not NUL.';
    } },
  { ...program, rule: 'freebsd-stack-flags', stage: 'program headers',
    demand: 'the flags of PT_GNU_STACK contain PF_R and PF_W',
    check: ({ programHeaders }) => {
      const stack = programHeaders.find(({ type, flags }) => type === PT.GNU_STACK && (flags & (PF.R | PF.W)) !== (PF.R | PF.W));
      return stack && `PT_GNU_STACK has flags ${stack.flags}; a stack must be readable (4) and writable (2).`;
    } },
  { ...program, rule: 'freebsd-brand', stage: 'program headers', kernelFunction: 'elf64_get_brandinfo',
    demand: `a brand is found by ABI note, EI_OSABI, old brand text or interpreter: ${brands.map(({ name }) => name).join('; ')}`,
    check: (candidate) => {
      if (chooseBrand(brands, candidate) !== undefined) return undefined;
      return `ELF binary type "${candidate.header.ident[7]}" is not known: neither an ABI note nor EI_OSABI nor the interpreter names a brand of this kernel.`;
    } },
  { ...program, rule: 'freebsd-shared-object', stage: 'program headers',
    demand: 'an ET_DYN is executed only for a brand that allows it',
    check: (candidate) => {
      const brand = candidate.header.type === ET_DYN ? chooseBrand(brands, candidate) : undefined;
      return brand === undefined || brand.runsSharedObjects ? undefined : `e_type is ET_DYN (3), which the brand ${brand.name} does not execute.`;
    } },
  { ...program, rule: 'freebsd-span', stage: 'program headers',
    demand: 'the PT_LOADs end inside the address space',
    check: (candidate) => {
      const beyond = loadsOf(candidate).find(({ vaddr, memsz }) => vaddr + memsz > BigInt(candidate.layout.taskSize));
      return beyond && `PT_LOAD ${beyond.index} ends at ${hex(beyond.vaddr + beyond.memsz)}, outside the address space.`;
    } },
];

const load = { stage: 'segment', when: 'after', kernelFunction: 'elf64_load_section', source: SOURCE } as const;

/** Rows asked when a PT_LOAD is mapped, after exec_new_vmspace: a failure kills the process with SIGABRT. */
// biome-ignore format: one row per check
export const FREEBSD_SEGMENT_RULES: readonly SegmentRule[] = [
  { ...load, rule: 'freebsd-truncated', errno: ExecErrno.ENOEXEC,
    demand: 'the file holds all p_filesz bytes of a PT_LOAD, and p_filesz is at most p_memsz',
    check: ({ segment, fileBytes }) => {
      if (segment.memsz === 0n) return undefined;
      if (segment.filesz > segment.memsz) return `PT_LOAD ${segment.index} has ${segment.filesz} bytes in the file but only ${segment.memsz} in memory.`;
      return segment.offset + segment.filesz <= BigInt(fileBytes) ? undefined
        : `PT_LOAD ${segment.index} ends at file offset ${segment.offset + segment.filesz}, after the file's ${fileBytes} bytes: truncated ELF file.`;
    } },
  { ...load, rule: 'freebsd-overlap', errno: ExecErrno.EINVAL, kernelFunction: 'elf64_map_insert',
    demand: 'no two PT_LOADs share a page in memory',
    check: ({ segment, earlier }) => {
      if (segment.memsz === 0n) return undefined;
      const start = segment.vaddr - (segment.vaddr % BigInt(PAGE));
      const last = segment.vaddr + segment.memsz - 1n;
      const end = last - (last % BigInt(PAGE)) + BigInt(PAGE);
      const other = earlier.find(({ vaddr, memsz }) => vaddr < end && vaddr + memsz > start && memsz > 0n);
      return other && `PT_LOAD ${segment.index} shares a page with PT_LOAD ${other.index}; mappings must not overlap.`;
    } },
];
