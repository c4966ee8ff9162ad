// Helper rows behind the float comparison micro-operations: NaN and denormal operands, unusual MXCSR.
import { CF, PF, STATUS_FLAGS, ZF } from '../../../state/flags.ts';
import { type HelperRow, helper } from '../helper-row.ts';
import { compareBits } from './arithmetic.ts';
import { double, type FloatFormat, single } from './format.ts';
import { beginFloat, deliver, endFloat, readLane, scratch, writeLane } from './lanes.ts';

/** The predicates of CMPPS that are not another one's negation (SDM vol. 2, CMPPD). */
export type Predicate = 'eq' | 'lt' | 'le' | 'unord';

const holds: Record<Predicate, (order: -1 | 0 | 1 | undefined) => boolean> = {
  eq: (order) => order === 0,
  lt: (order) => order === -1,
  le: (order) => order === -1 || order === 0,
  unord: (order) => order === undefined,
};

function mask(predicate: Predicate, format: FloatFormat, lanes: number): HelperRow {
  const bytes = format.width / 8;
  const prefix = lanes === 1 ? `f${format.width}` : `f${format.width}x${lanes}`;
  const signaling = predicate === 'lt' || predicate === 'le';
  return helper(`${prefix}.cmp.${predicate}`, (context, out, left, right) => {
    const control = beginFloat(context);
    for (let offset = 0; offset < lanes * bytes; offset += bytes) {
      const x = control.operand(format, readLane(context, format, left + offset));
      const y = control.operand(format, readLane(context, format, right + offset));
      const order = compareBits(control, format, x, y, signaling);
      const ones = (format.signBit << 1n) - 1n;
      writeLane(context, format, scratch(context) + offset, holds[predicate](order) ? ones : 0n);
    }
    return deliver(context, control, out, lanes * bytes);
  });
}

function flags(name: 'comis' | 'ucomis', format: FloatFormat): HelperRow {
  return helper(`f${format.width}.${name}`, (context, left, right) => {
    const control = beginFloat(context);
    const x = control.operand(format, readLane(context, format, left));
    const y = control.operand(format, readLane(context, format, right));
    const order = compareBits(control, format, x, y, name === 'comis');
    const status = endFloat(context, control);
    if (status !== 0) return status;
    const bits = order === undefined ? ZF | PF | CF : order === 0 ? ZF : order < 0 ? CF : 0;
    const { cpu } = context;
    cpu.flags = (cpu.flags & ~STATUS_FLAGS) | bits;
    return 0;
  });
}

/** Rows named as the micro-operations they stand behind. */
export const floatCompareHelpers: readonly HelperRow[] = [
  ...(['eq', 'lt', 'le', 'unord'] as const).flatMap((predicate) => [
    mask(predicate, double, 1),
    mask(predicate, single, 1),
    mask(predicate, double, 2),
    mask(predicate, single, 4),
  ]),
  ...[double, single].flatMap((format) => [flags('comis', format), flags('ucomis', format)]),
];
