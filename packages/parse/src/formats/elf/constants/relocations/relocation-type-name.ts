// The name of a relocation type of a machine.
import { AARCH64_RELOCATION } from './aarch64.ts';
import { ALPHA_RELOCATION } from './alpha.ts';
import { ARM_RELOCATION } from './arm.ts';
import { BPF_RELOCATION } from './bpf.ts';
import { I386_RELOCATION } from './i386.ts';
import { LOONGARCH_RELOCATION } from './loongarch.ts';
import { M68K_RELOCATION } from './m68k.ts';
import { MIPS_RELOCATION } from './mips.ts';
import { PPC_RELOCATION } from './ppc.ts';
import { PPC64_RELOCATION } from './ppc64.ts';
import { RISCV_RELOCATION } from './riscv.ts';
import { S390_RELOCATION } from './s390.ts';
import { SPARC_RELOCATION } from './sparc.ts';
import { X86_64_RELOCATION } from './x86-64.ts';

const TABLES: Readonly<Record<number, Readonly<Record<number, string>>>> = {
  2: SPARC_RELOCATION,
  3: I386_RELOCATION,
  4: M68K_RELOCATION,
  6: I386_RELOCATION,
  8: MIPS_RELOCATION,
  10: MIPS_RELOCATION,
  18: SPARC_RELOCATION,
  20: PPC_RELOCATION,
  21: PPC64_RELOCATION,
  22: S390_RELOCATION,
  40: ARM_RELOCATION,
  43: SPARC_RELOCATION,
  62: X86_64_RELOCATION,
  180: X86_64_RELOCATION,
  181: X86_64_RELOCATION,
  183: AARCH64_RELOCATION,
  243: RISCV_RELOCATION,
  247: BPF_RELOCATION,
  258: LOONGARCH_RELOCATION,
  36902: ALPHA_RELOCATION,
  41872: S390_RELOCATION,
};

/** The relocation type names of a machine by number; undefined for a machine whose types this package does not know. */
export function relocationTypeNames(machine: number): Readonly<Record<number, string>> | undefined {
  return TABLES[machine];
}

/**
 * The ABI's name of a relocation type, undefined for an unknown machine or type. `type` is ELF32_R_TYPE or ELF64_R_TYPE; on SPARC and MIPS
 * only its low byte is the (first) type.
 *
 * @example
 * ```ts
 * relocationTypeName(62, 8); // 'R_X86_64_RELATIVE'
 * ```
 */
export function relocationTypeName(machine: number, type: number): string | undefined {
  return TABLES[machine]?.[type];
}
