// The table of all instruction families: one index line per family file.
import * as arithmetic from './base/arithmetic.ts';
import * as atomic from './base/atomic.ts';
import * as bits from './base/bits.ts';
import * as control from './base/control.ts';
import * as move from './base/move.ts';
import * as multiply from './base/multiply.ts';
import * as shift from './base/shift.ts';
import * as stack from './base/stack.ts';
import * as strings from './base/strings.ts';
import * as system from './base/system.ts';
import type { InstructionFamily } from './row.ts';

const files: readonly Record<string, InstructionFamily>[] = [arithmetic, atomic, bits, control, move, multiply, shift, stack, strings, system];

/** Every instruction family. */
export const instructionFamilies: readonly InstructionFamily[] = /* @__PURE__ */ files.flatMap((file) => Object.values(file));
