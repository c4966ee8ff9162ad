// table: what two relatives of Linux demand of an ELF file besides Linux's own rules: Oracle's UEK and WSL1.
import { PT } from '@elf/parse';
import { hex } from '../exec-record.ts';
import { refusesEarly } from './common-elf-rules.ts';
import type { ElfRule } from './elf-rule.ts';
import { loadsOf } from './rule-facts.ts';

/** sizeof(struct elf_note) and MAX_FILE_NOTE_SIZE. */
const MINIMUM_NOTE_BYTES = 12n;
const MAXIMUM_NOTE_BYTES = 4n * 1024n * 1024n;
const WSL1_ALIGNMENT = 4096n; // not a page size: the multiple WSL1 was seen to demand

/** Oracle's kernels read every PT_NOTE of every program, looking for a reserved address range. */
// biome-ignore format: one row per check
export const UEK_ELF_RULES: readonly ElfRule[] = [
  { ...refusesEarly('get_elf_notes', 'fs/binfmt_elf.c of linux-uek; its issues 13, 24 and 42'), rule: 'uek-note-size', stage: 'program headers', role: 'program',
    demand: `p_filesz of every PT_NOTE is ${MINIMUM_NOTE_BYTES} to ${MAXIMUM_NOTE_BYTES} bytes`,
    check: ({ programHeaders }) => {
      const odd = programHeaders.find(({ type, filesz }) => type === PT.NOTE && (filesz < MINIMUM_NOTE_BYTES || filesz > MAXIMUM_NOTE_BYTES));
      return odd && `PT_NOTE ${odd.index} has ${odd.filesz} bytes (${hex(odd.filesz)}); ${MINIMUM_NOTE_BYTES} to ${MAXIMUM_NOTE_BYTES} are accepted.`;
    } },
];

const wsl1 = {
  ...refusesEarly('lxcore.sys', 'observed: issues 5365, 8151, 8219 and 12359 of microsoft/WSL'),
  stage: 'program headers',
  role: 'program',
} as const;

/** WSL1's own loader; in which order it looks is not established. */
// biome-ignore format: one row per check
export const WSL1_ELF_RULES: readonly ElfRule[] = [
  { ...wsl1, rule: 'wsl1-align',
    demand: 'p_align of every PT_LOAD is a multiple of 4096 and not 0',
    check: (candidate) => {
      const odd = loadsOf(candidate).find(({ align }) => align === 0n || align % WSL1_ALIGNMENT !== 0n);
      return odd && `PT_LOAD ${odd.index} has p_align ${hex(odd.align)}; a multiple of ${WSL1_ALIGNMENT} other than 0 is accepted.`;
    } },
  { ...wsl1, rule: 'wsl1-align-equal',
    demand: 'all PT_LOADs have the same p_align',
    check: (candidate) => {
      const values = [...new Set(loadsOf(candidate).map(({ align }) => hex(align)))];
      return values.length <= 1 ? undefined : `The PT_LOADs have different p_aligns: ${values.join(', ')}; all must be equal.`;
    } },
];
