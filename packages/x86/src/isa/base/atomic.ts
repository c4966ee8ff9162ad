// Compare-and-exchange and exchange-and-add. Intel SDM vol. 2: CMPXCHG, CMPXCHG8B/16B, XADD. One JavaScript thread makes them atomic.
import { m64, m128, r8, rm8, rmv, rv } from '../../decode/operand-kinds.ts';
import { type Lifter, Register } from '../../lift/lifter.ts';
import { instruction, r, row, rw } from '../row.ts';

export const cmpxchg = instruction({
  mnemonic: 'cmpxchg',
  flags: 'w:oszapc',
  lockable: true,
  lift: (b) => {
    const width = b.width(0);
    const accumulator = b.register(Register.rax);
    const old = b.value(`zx.${width}`, b.read(0));
    const expected = b.value(`zx.${width}`, accumulator);
    const equal = b.value('eq.64', old, expected);
    // A failed comparison writes the old value back: the destination is written in all cases.
    if (b.isMemory(0)) {
      b.write(0, b.value(`sel.${width}`, equal, b.read(1), old));
      keepUnless(b, accumulator, equal, old, width);
    } else {
      const source = b.value('mov.64', b.read(1));
      keepUnless(b, accumulator, equal, old, width);
      keepUnless(b, b.registerOperand(0), b.value('eqz.64', equal), source, width);
    }
    b.uop(`sub.o.${width}`, expected, old);
  },
  rows: [row('0f b0 /r', rw(rm8), r(r8)), row('0f b1 /r', rw(rmv), r(rv))],
});

// Writes `value` to a register cell when `condition` is zero. Unlike a write of the old value, this keeps bits 63:32 then
// (hardware leaves RAX whole after a successful 32-bit comparison).
function keepUnless(b: Lifter, register: number, condition: number, value: number, width: 8 | 16 | 32 | 64): void {
  if (width === 32) b.uop('sel.64', register, condition, register, b.value('zx.32', value));
  else b.uop(`sel.${width}`, register, condition, register, value);
}

function wide(b: Lifter, width: 32 | 64): void {
  const bytes = width / 8;
  if (width === 64) b.memoryUop('align.128', 0);
  // One access of 64 bits, two of 128.
  const low = b.load(64, 0);
  const high = width === 32 ? b.value('shrx.64', low, b.constant(32)) : b.load(64, 0, bytes);
  const rax = b.register(Register.rax);
  const rdx = b.register(Register.rdx);
  const same = (left: number, right: number) => b.value('eq.64', b.value(`zx.${width}`, left), b.value(`zx.${width}`, right));
  const equal = b.value('and.64', same(low, rax), same(high, rdx));
  b.store(width, 0, b.value(`sel.${width}`, equal, b.register(Register.rbx), low));
  b.storeAt(width, b.address(0), bytes, b.value(`sel.${width}`, equal, b.register(Register.rcx), high));
  keepUnless(b, rax, equal, low, width);
  keepUnless(b, rdx, equal, high, width);
  // Only ZF changes.
  b.helper('flags-write', b.value('shlx.64', equal, b.constant(6)), b.constant(0x40));
}

export const cmpxchg8b = instruction({
  mnemonic: 'cmpxchg8b',
  feature: 'cx8',
  flags: 'w:z',
  lockable: true,
  lift: (b) => wide(b, 32),
  rows: [row('w0 0f c7 m /1', rw(m64))],
});
export const cmpxchg16b = instruction({
  mnemonic: 'cmpxchg16b',
  feature: 'cx16',
  flags: 'w:z',
  lockable: true,
  lift: (b) => wide(b, 64),
  rows: [row('w1 0f c7 m /1', rw(m128))],
});

export const xadd = instruction({
  mnemonic: 'xadd',
  flags: 'w:oszapc',
  lockable: true,
  lift: (b) => {
    const width = b.width(0);
    const old = b.value(`zx.${width}`, b.read(0));
    const addend = b.value(`zx.${width}`, b.read(1));
    const sum = b.value(`add.${width}`, old, addend);
    if (b.isMemory(0)) {
      b.write(0, sum);
      b.write(1, old);
    } else {
      // Source first: XADD of a register with itself leaves the sum.
      b.write(1, old);
      b.write(0, sum);
    }
    b.uop(`add.o.${width}`, old, addend);
  },
  rows: [row('0f c0 /r', rw(rm8), rw(r8)), row('0f c1 /r', rw(rmv), rw(rv))],
});
