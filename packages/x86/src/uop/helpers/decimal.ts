// Decimal adjustment of AL and AX: DAA, DAS, AAA, AAS, AAM, AAD (SDM vol. 2, their operation sections).
import { ExitStatus } from '../../engine/exit-status.ts';
import { AF, CF, PF, SF, STATUS_FLAGS, ZF } from '../../state/flags.ts';
import type { CpuState } from '../../state/cpu-state.ts';
import { type HelperRow, helper } from './helper-row.ts';

const RAX = 0;

function setAccumulator(cpu: CpuState, low: number, high: number): void {
  const upper = cpu.registerLow(RAX) & 0xffff_0000;
  cpu.setRegisterHalves(RAX, upper | ((high & 0xff) << 8) | (low & 0xff), cpu.registerHigh(RAX));
}

function setFlags(cpu: CpuState, result: number, carries: number): void {
  let parity = result & 0xff;
  parity ^= parity >> 4;
  const status = ((result & 0xff) === 0 ? ZF : 0) | (result & 0x80 ? SF : 0) | ((0x9669 >> (parity & 15)) & 1 ? PF : 0);
  cpu.flags = (cpu.flags & ~STATUS_FLAGS) | status | carries;
}

// Packed digits, after an addition (sign 1) or a subtraction (sign -1).
function packed(cpu: CpuState, sign: 1 | -1): number {
  const { flags } = cpu;
  const accumulator = cpu.registerLow(RAX);
  const old = accumulator & 0xff;
  let value = old;
  let carries = 0;
  if ((old & 15) > 9 || (flags & AF) !== 0) {
    value += 6 * sign;
    carries = AF | (value < 0 || (flags & CF) !== 0 ? CF : 0);
  }
  if (old > 0x99 || (flags & CF) !== 0) {
    value += 0x60 * sign;
    carries |= CF;
  }
  setAccumulator(cpu, value, accumulator >> 8);
  setFlags(cpu, value, carries);
  return 0;
}

// One digit in AL, the carry goes into AH.
function unpacked(cpu: CpuState, sign: 1 | -1): number {
  const accumulator = cpu.registerLow(RAX) & 0xffff;
  const adjusts = (accumulator & 15) > 9 || (cpu.flags & AF) !== 0;
  const value = adjusts ? accumulator + 0x106 * sign : accumulator;
  setAccumulator(cpu, value & 15, value >> 8);
  setFlags(cpu, value & 15, adjusts ? AF | CF : 0);
  return 0;
}

export const decimalHelpers: readonly HelperRow[] = [
  helper('daa', ({ cpu }) => packed(cpu, 1)),
  helper('das', ({ cpu }) => packed(cpu, -1)),
  helper('aaa', ({ cpu }) => unpacked(cpu, 1)),
  helper('aas', ({ cpu }) => unpacked(cpu, -1)),
  helper('aam', ({ memory, cpu }, base) => {
    const divisor = memory.u8[base];
    if (divisor === 0) return ExitStatus.DivideError;
    const value = cpu.registerLow(RAX) & 0xff;
    setAccumulator(cpu, value % divisor, Math.floor(value / divisor));
    setFlags(cpu, value % divisor, 0);
    return 0;
  }),
  helper('aad', ({ memory, cpu }, base) => {
    const accumulator = cpu.registerLow(RAX);
    const value = ((accumulator & 0xff) + ((accumulator >> 8) & 0xff) * memory.u8[base]) & 0xff;
    setAccumulator(cpu, value, 0);
    setFlags(cpu, value, 0);
    return 0;
  }),
  // Cells: two sign-extended numbers of which the first may not be the greater one.
  helper('bound', ({ memory }, lower, upper) => (memory.i64[lower >>> 3] > memory.i64[upper >>> 3] ? ExitStatus.BoundRange : 0)),
];
