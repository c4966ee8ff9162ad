// The table of all instruction families: one index line per family file.
import { vexFamilies } from './avx/from-sse.ts';
import * as avxCompare from './avx/compare.ts';
import * as avxConvert from './avx/convert.ts';
import * as avxFma from './avx/fma.ts';
import * as avxHalf from './avx/half.ts';
import * as avxMasked from './avx/masked.ts';
import * as avxGather from './avx/gather.ts';
import * as avxPermute from './avx/permute.ts';
import * as avxMove from './avx/move.ts';
import * as avxShift from './avx/shift.ts';
import * as arithmetic from './base/arithmetic.ts';
import * as atomic from './base/atomic.ts';
import * as bits from './base/bits.ts';
import * as bmi from './base/bmi.ts';
import * as control from './base/control.ts';
import * as far from './base/far.ts';
import * as move from './base/move.ts';
import * as multiply from './base/multiply.ts';
import * as protectedMode from './base/protected.ts';
import * as segment from './base/segment.ts';
import * as shift from './base/shift.ts';
import * as stack from './base/stack.ts';
import * as strings from './base/strings.ts';
import * as system from './base/system.ts';
import * as tables from './base/tables.ts';
import * as xsave from './base/xsave.ts';
import * as cryptoAes from './crypto/aes.ts';
import * as cryptoSha from './crypto/sha.ts';
import type { InstructionFamily } from './row.ts';
import * as sseApproximate from './sse/approximate.ts';
import * as sseControl from './sse/control.ts';
import * as sseConvert from './sse/convert.ts';
import * as sseFloatArithmetic from './sse/float-arithmetic.ts';
import * as sseFloatCompare from './sse/float-compare.ts';
import * as sseIntegerArithmetic from './sse/integer-arithmetic.ts';
import * as sseIntegerCompare from './sse/integer-compare.ts';
import * as sseLogic from './sse/logic.ts';
import * as sseMaskedStore from './sse/masked-store.ts';
import * as sseMmxConvert from './sse/mmx-convert.ts';
import * as sseMmxMove from './sse/mmx-move.ts';
import * as sseMove from './sse/move.ts';
import * as ssePartialMove from './sse/partial-move.ts';
import * as sseShift from './sse/shift.ts';
import * as sseShuffle from './sse/shuffle.ts';
import * as sse3 from './sse/sse3.ts';
import * as sse41Blend from './sse/sse41-blend.ts';
import * as sse41Float from './sse/sse41-float.ts';
import * as sse41Integer from './sse/sse41-integer.ts';
import * as sse41Lane from './sse/sse41-lane.ts';
import * as sse42 from './sse/sse42.ts';
import * as ssse3 from './sse/ssse3.ts';
import * as x87Arithmetic from './x87/arithmetic.ts';
import * as x87Compare from './x87/compare.ts';
import * as x87Control from './x87/control.ts';
import * as x87Transfer from './x87/transfer.ts';

const files: readonly Record<string, InstructionFamily>[] = [
  arithmetic,
  atomic,
  bits,
  bmi,
  control,
  far,
  move,
  multiply,
  protectedMode,
  segment,
  shift,
  stack,
  strings,
  system,
  tables,
  xsave,
  vexFamilies,
  avxMove,
  avxCompare,
  avxConvert,
  avxPermute,
  avxGather,
  avxHalf,
  avxMasked,
  avxFma,
  avxShift,
  cryptoAes,
  cryptoSha,
  sseApproximate,
  sseControl,
  sseConvert,
  sseFloatArithmetic,
  sseFloatCompare,
  sseIntegerArithmetic,
  sseIntegerCompare,
  sseLogic,
  sseMaskedStore,
  sseMmxConvert,
  sseMmxMove,
  sseMove,
  ssePartialMove,
  sseShift,
  sseShuffle,
  sse3,
  sse41Blend,
  sse41Float,
  sse41Integer,
  sse41Lane,
  sse42,
  ssse3,
  x87Arithmetic,
  x87Compare,
  x87Control,
  x87Transfer,
];

/** Every instruction family. */
export const instructionFamilies: readonly InstructionFamily[] = /* @__PURE__ */ files.flatMap((file) => Object.values(file));
