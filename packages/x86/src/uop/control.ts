// Control micro-ops: block entry, jumps with link slots, indirect jumps, exits, divisions and helper calls.
import { ExitStatus } from '../engine/exit-status.ts';
import { helperNumber } from './helpers/index.ts';
import { EXIT_DETAIL, RIP } from '../state/layout.ts';
import { CONDITIONS, pushCondition } from './condition.ts';
import { WIDTHS } from './integer.ts';
import { signExtend, zeroExtend } from './flag-words.ts';
import { type Emitter, type UopRow, uop, type Width } from './uop-row.ts';

// A link slot is an inline operand that holds the host offset of the target's first micro-op, or 0 while it is unknown; the
// guest address of the target follows it as two inline halves.
function followLink(e: Emitter, slot: number): void {
  e.inline(slot);
  e.code.ops('i32_eqz').if();
  setRip(e, slot + 1);
  e.setState(EXIT_DETAIL, () => e.code.i64(slot));
  e.exit(ExitStatus.Link);
  e.code.end();
  e.inline(slot);
  e.jump();
}

// RIP from two inline halves.
function setRip(e: Emitter, low: number): void {
  e.setState(RIP, () => {
    e.inline(low);
    e.code.ops('i64_extend_i32_u');
    e.inline(low + 1);
    e.code.ops('i64_extend_i32_u').i64(32).ops('i64_shl', 'i64_or');
  });
}

const LINK = 'slot low high';

const flow: UopRow[] = [
  // Entry of a block: instructions in it, and its guest address.
  uop('block', 'inline low high', (e) => e.charge(0), { hot: true }),
  uop('jmp', LINK, (e) => followLink(e, 0), { hot: true, ends: true }),
  ...CONDITIONS.map((name, index) =>
    uop(
      `jcc.${name}`,
      `${LINK} ${LINK}`,
      (e) => {
        pushCondition(e, index);
        e.code.if();
        followLink(e, 0);
        e.code.end();
        followLink(e, 3);
      },
      { hot: true, ends: true, flags: 'read' },
    ),
  ),
  // Jump if a cell is zero or not: JRCXZ, LOOP, repeated string instructions.
  uop(
    'jz',
    `in ${LINK} ${LINK}`,
    (e) => {
      e.get(0, 64);
      e.code.ops('i64_eqz').if();
      followLink(e, 1);
      e.code.end();
      followLink(e, 4);
    },
    { ends: true },
  ),
  uop('jmp.indirect', 'in', (e) => e.indirect(0), { hot: true, ends: true }),
  uop(
    'exit',
    'inline inline low high',
    (e) => {
      // status, detail, rip after.
      setRip(e, 2);
      e.setState(EXIT_DETAIL, () => (e.inline(1), e.code.ops('i64_extend_i32_u')));
      e.exitInline(0);
    },
    { ends: true },
  ),
  // Leaves with RIP from a cell: transfers that load CS.
  uop(
    'exit.indirect',
    'in inline',
    (e) => {
      e.setState(RIP, () => e.get(0, 64));
      e.exitInline(1);
    },
    { ends: true },
  ),
  // INTO: #OF is a trap, so RIP is after the instruction.
  uop(
    'overflow.trap',
    LINK,
    (e) => {
      pushCondition(e, CONDITIONS.indexOf('o'));
      e.code.if();
      setRip(e, 1);
      e.setState(EXIT_DETAIL, () => e.code.i64(4));
      e.exit(ExitStatus.Exception);
      e.code.end();
      followLink(e, 0);
    },
    { ends: true, flags: 'read' },
  ),
  // Raises an exception at the instruction itself.
  uop(
    'raise',
    'inline',
    (e) => {
      e.setState(EXIT_DETAIL, () => (e.inline(0), e.code.ops('i64_extend_i32_u')));
      e.exit(ExitStatus.Exception);
    },
    { faults: true },
  ),
];

// Divisions: quotient, remainder, upper half, lower half, divisor. #DE when the divisor is zero or the quotient does not fit.
function divide(width: Width, signed: boolean): UopRow {
  return uop(
    `div.${signed ? 's' : 'u'}.${width}`,
    'out out in in in',
    (e) => {
      const { a, b, c, d } = e.local;
      const code = e.code;
      const error = () => {
        code.if();
        e.exit(ExitStatus.DivideError);
        code.end();
      };
      e.get(4, width);
      if (signed) signExtend(e, width);
      code.tee(b).ops('i64_eqz');
      error();
      if (width === 64) {
        e.get(3, 64);
        code.set(a);
        // A dividend of more than 64 significant bits is rare (compilers clear or sign-extend rdx): long division in a helper.
        e.get(2, 64);
        if (signed) code.get(a).i64(63).ops('i64_shr_s', 'i64_ne').if();
        else code.ops('i64_eqz', 'i32_eqz').if();
        e.callHelper(() => code.i32(helperNumber(signed ? 'divide-signed' : 'divide-unsigned')), [0, 1, 2, 3, 4]);
        code.else();
        if (signed) {
          code.get(a).i64(-0x8000_0000_0000_0000n).ops('i64_eq').get(b).i64(-1).ops('i64_eq', 'i32_and');
          error();
        }
      } else {
        e.get(2, width);
        code.i64(width).ops('i64_shl');
        e.get(3, width);
        code.ops('i64_or');
        if (width === 8 || width === 16) {
          if (signed) code.ops(width === 8 ? 'i64_extend16_s' : 'i64_extend32_s');
        }
        code.set(a);
        if (signed && width === 32) {
          code.get(a).i64(-0x8000_0000_0000_0000n).ops('i64_eq').get(b).i64(-1).ops('i64_eq', 'i32_and');
          error();
        }
      }
      code
        .get(a)
        .get(b)
        .ops(signed ? 'i64_div_s' : 'i64_div_u')
        .set(c);
      code
        .get(a)
        .get(b)
        .ops(signed ? 'i64_rem_s' : 'i64_rem_u')
        .set(d);
      if (width !== 64) {
        code.get(c).get(c);
        if (signed) signExtend(e, width);
        else zeroExtend(e, width);
        code.ops('i64_ne');
        error();
      }
      e.set(0, width, () => code.get(c));
      e.set(1, width, () => code.get(d));
      if (width === 64) code.end();
    },
    { faults: true },
  );
}

const helpers = [0, 1, 2, 3, 4, 5].map((count) =>
  uop(
    `helper.${count}`,
    ['inline', ...Array<string>(count).fill('in')].join(' '),
    (e) =>
      e.callHelper(
        () => e.inline(0),
        Array.from({ length: count }, (_, index) => index + 1),
      ),
    {
      faults: true,
      flags: 'partial',
    },
  ),
);

/** All rows of this file. */
export const controlRows: readonly UopRow[] = [...flow, ...WIDTHS.flatMap((width) => [divide(width, false), divide(width, true)]), ...helpers];
