// The table of helper functions; a helper's number is its place here.
import { bitScatterHelpers } from './bit-scatter.ts';
import { aesHelpers } from './crypto/aes.ts';
import { carryLessHelpers } from './crypto/carry-less.ts';
import { shaHelpers } from './crypto/sha.ts';
import { decimalHelpers } from './decimal.ts';
import { divisionHelpers } from './division.ts';
import { approximateHelpers } from './float/approximate.ts';
import { floatArithmeticHelpers } from './float/arithmetic-helpers.ts';
import { floatCompareHelpers } from './float/compare-helpers.ts';
import { floatControlHelpers } from './float/control-helpers.ts';
import { floatConvertHelpers } from './float/convert-helpers.ts';
import { halfHelpers } from './float/half.ts';
import { maskedElementsHelpers } from './masked-elements.ts';
import { gatherHelpers } from './gather.ts';
import { fusedHelpers } from './float/fused.ts';
import { flagHelpers } from './flag-images.ts';
import type { HelperContext, HelperRow } from './helper-row.ts';
import { identificationHelpers } from './identification.ts';
import { laneSearchHelpers } from './lane-search.ts';
import { maskedStoreHelpers } from './masked-store.ts';
import { permuteHelpers } from './permute.ts';
import { segmentHelpers } from './segments.ts';
import { shiftElementsHelpers } from './shift-elements.ts';
import { stringHelpers } from './strings.ts';
import { textCompareHelpers } from './text-compare.ts';
import { xsaveHelpers } from './xsave.ts';
import { x87ControlHelpers } from './x87/control-helpers.ts';
import { x87Helpers } from './x87/x87-helpers.ts';

const helperRows: readonly HelperRow[] = [
  ...divisionHelpers,
  ...identificationHelpers,
  ...xsaveHelpers,
  ...stringHelpers,
  ...flagHelpers,
  ...segmentHelpers,
  ...decimalHelpers,
  ...x87Helpers,
  ...x87ControlHelpers,
  ...floatArithmeticHelpers,
  ...floatCompareHelpers,
  ...floatConvertHelpers,
  ...floatControlHelpers,
  ...approximateHelpers,
  ...maskedStoreHelpers,
  ...laneSearchHelpers,
  ...textCompareHelpers,
  ...bitScatterHelpers,
  ...aesHelpers,
  ...carryLessHelpers,
  ...shaHelpers,
  ...shiftElementsHelpers,
  ...permuteHelpers,
  ...fusedHelpers,
  ...gatherHelpers,
  ...halfHelpers,
  ...maskedElementsHelpers,
];

const numbers = /* @__PURE__ */ new Map(helperRows.map(({ name }, number) => [name, number]));

/** The number of a helper; throws a TypeError for a name no row has. */
export function helperNumber(name: string): number {
  const number = numbers.get(name);
  if (number === undefined) throw new TypeError(`no helper is called ${name}`);
  return number;
}

/** The function that generated code imports as `helper`. */
export function createHelpers(context: HelperContext): (number: number, a: number, b: number, c: number, d: number, e: number) => number {
  return (number, a, b, c, d, e) => helperRows[number].run(context, a, b, c, d, e);
}
