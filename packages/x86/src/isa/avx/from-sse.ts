// The VEX forms that follow from SSE rows: two- and three-operand instructions on 128 and 256 bits. Intel SDM vol. 2, the VEX lines of each SSE page.
import type { InstructionFamily } from '../row.ts';
import * as aes from '../crypto/aes.ts';
import * as approximate from '../sse/approximate.ts';
import * as convert from '../sse/convert.ts';
import * as arithmetic from '../sse/float-arithmetic.ts';
import * as floatCompare from '../sse/float-compare.ts';
import * as integerArithmetic from '../sse/integer-arithmetic.ts';
import * as integerCompare from '../sse/integer-compare.ts';
import * as logic from '../sse/logic.ts';
import * as shuffle from '../sse/shuffle.ts';
import * as sse3 from '../sse/sse3.ts';
import * as blend from '../sse/sse41-blend.ts';
import * as float41 from '../sse/sse41-float.ts';
import * as integer41 from '../sse/sse41-integer.ts';
import * as lane41 from '../sse/sse41-lane.ts';
import * as sse42 from '../sse/sse42.ts';
import * as ssse3 from '../sse/ssse3.ts';
import { vexForm, vexForms } from './lanes.ts';

const both = [
  ...Object.values(arithmetic),
  ...Object.values(logic),
  ...Object.values(integerArithmetic),
  integerCompare.pcmpeqb,
  integerCompare.pcmpeqw,
  integerCompare.pcmpeqd,
  integerCompare.pcmpgtb,
  integerCompare.pcmpgtw,
  integerCompare.pcmpgtd,
  integer41.pmuldq,
  integer41.pcmpeqq,
  integer41.packusdw,
  integer41.pminsb,
  integer41.pminsd,
  integer41.pminuw,
  integer41.pminud,
  integer41.pmaxsb,
  integer41.pmaxsd,
  integer41.pmaxuw,
  integer41.pmaxud,
  integer41.pmulld,
  sse42.pcmpgtq,
  shuffle.punpcklbw,
  shuffle.punpcklwd,
  shuffle.punpckldq,
  shuffle.punpcklqdq,
  shuffle.punpckhbw,
  shuffle.punpckhwd,
  shuffle.punpckhdq,
  shuffle.punpckhqdq,
  shuffle.packsswb,
  shuffle.packuswb,
  shuffle.packssdw,
  shuffle.unpcklpd,
  shuffle.unpckhpd,
  shuffle.unpcklps,
  shuffle.unpckhps,
  shuffle.pshufd,
  shuffle.pshuflw,
  shuffle.pshufhw,
  shuffle.shufps,
  sse3.addsub,
  sse3.hadd,
  sse3.hsub,
  sse3.movsldup,
  sse3.movshdup,
  ...Object.values(ssse3),
  approximate.rsqrt,
  approximate.rcp,
  float41.round,
  float41.dpps,
  blend.pblendw,
  convert.cvtdq2ps,
  convert.cvtps2dq,
  convert.cvttps2dq,
];

const scalar = [
  convert.cvtss2sd,
  convert.cvtsd2ss,
  convert.cvtsi2ss,
  convert.cvtsi2sd,
  convert.cvttss2si,
  convert.cvttsd2si,
  convert.cvtss2si,
  convert.cvtsd2si,
  floatCompare.ucomis,
  floatCompare.comis,
];

const low = [
  float41.dppd,
  integer41.phminposuw,
  lane41.pextrb,
  lane41.pextrw,
  lane41.pextrd,
  lane41.pextrq,
  lane41.extractps,
  lane41.pinsrb,
  lane41.pinsrd,
  lane41.pinsrq,
  lane41.insertps,
  sse42.pcmpestri,
  sse42.pcmpistri,
  ...Object.values(aes),
];

/** Families whose VEX form is the SSE form on each lane. */
export const vexFamilies: Readonly<Record<string, InstructionFamily>> = /* @__PURE__ */ Object.fromEntries(
  [
    ...vexForms(both),
    ...vexForms(scalar, { length: 'ignored' }),
    ...vexForms(low, { length: 'low' }),
    ...vexForms([aes.aesenc, aes.aesenclast, aes.aesdec, aes.aesdeclast], { length: 'any', wideFeature: 'vaes' }),
    vexForm(aes.pclmulqdq, { length: 'any', wideFeature: 'vpclmulqdq' }),
    ...vexForms([sse42.pcmpestrm, sse42.pcmpistrm], { length: 'low', implicitResult: 0 }),
    vexForm(shuffle.shufpd, { upperImmediate: (immediate) => immediate >> 2 }),
    vexForm(blend.blendps, { upperImmediate: (immediate) => immediate >> 4 }),
    vexForm(blend.blendpd, { upperImmediate: (immediate) => immediate >> 2 }),
    vexForm(integer41.mpsadbw, { upperImmediate: (immediate) => immediate >> 3 }),
  ].map((family, index) => [`${family.mnemonic}${index}`, family]),
);
