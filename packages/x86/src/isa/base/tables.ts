// System tables and registers that user programs can ask for. Intel SDM vol. 2: SGDT, SIDT, SLDT, STR, SMSW, MOV from and to control and debug registers.
//
// Recent processors refuse the first five to user programs (UMIP), and Linux answers in their place with made-up values
// (arch/x86/kernel/umip.c), which is what a program sees. A 32-bit register keeps its upper half there.
import { m, rmv } from '../../decode/operand-kinds.ts';
import type { Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, row, w } from '../row.ts';

/** CR0 as Linux sets it: PE MP ET NE WP AM PG. */
const MACHINE_STATUS = 0x8005_0033;
/** Selector of the task state segment: GDT_ENTRY_TSS. */
const TASK_REGISTER = 0x40;
const GDT_BASE = 0xffff_ffff_fffe_0000n;
const IDT_BASE = 0xffff_ffff_ffff_0000n;

function answer(mnemonic: string, encoding: string, value: number): InstructionFamily {
  return instruction({
    mnemonic,
    lift: (b) => {
      if (b.isMemory(0)) {
        b.store(16, 0, b.constant(value));
        return;
      }
      const target = b.registerOperand(0);
      if (b.width(0) !== 32) b.uop(`mov.${b.width(0)}`, target, b.constant(value));
      else {
        const upper = b.value('and.64', target, b.constant64(0xffff_ffff_0000_0000n));
        b.uop('or.64', target, upper, b.constant(value));
      }
    },
    rows: [row(encoding, w(rmv))],
  });
}
export const sldt = answer('sldt', '0f 00 /0', 0);
export const str = answer('str', '0f 00 /1', TASK_REGISTER);
export const smsw = answer('smsw', '0f 01 /4', MACHINE_STATUS);

// Limit and base; all bytes are there before any is written.
function table(mnemonic: string, encoding: string, base: bigint): InstructionFamily {
  return instruction({
    mnemonic,
    lift: (b) => {
      const address = b.address(0);
      b.uop('probe.16', address, 0);
      b.storeAt(b.mode, address, 2, b.constant64(base));
      b.storeAt(16, address, 0, b.constant(0));
    },
    rows: [row(encoding, w(m))],
  });
}
export const sgdt = table('sgdt', '0f 01 m /0', GDT_BASE);
export const sidt = table('sidt', '0f 01 m /1', IDT_BASE);

// #GP at privilege level 3 for a register that exists, #UD for one that does not. ModRM.mod is ignored.
function special(name: string, exists: (number: number) => boolean, ...encodings: readonly string[]): InstructionFamily {
  const raise = (b: Lifter) => b.raise(exists(b.instruction.reg) ? 13 : 6);
  return instruction({ mnemonic: 'privileged', suffixes: encodings.map(() => `.${name}`), lift: raise, rows: encodings.map((encoding) => row(encoding)) });
}
export const control = special('mov cr', (number) => [0, 2, 3, 4, 8].includes(number), '0f 20 modx /r', '0f 22 modx /r');
export const debug = special('mov dr', (number) => number < 8, '0f 21 modx /r', '0f 23 modx /r');
