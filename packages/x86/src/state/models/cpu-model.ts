// CPU models by name, with features added and taken away, and what Linux tells programs about them in the auxiliary vector.
import { FEATURES, type FeatureRow } from './feature-rows.ts';
import { MODEL_ALIASES, MODELS, type ModelRow } from './model-rows.ts';

/** A processor as programs see it: CPUID, XGETBV, the auxiliary vector and #UD all follow from this one record. */
export interface CpuModel {
  readonly name: string;
  readonly title: string;
  readonly features: ReadonlySet<string>;
  /** CPUID.1:EAX. */
  readonly signature: number;
  readonly descriptors: readonly [number, number, number, number];
  readonly basicLeaves: number;
  readonly extendedLeaves: number;
}

/** What is wrong with a model's name. */
export interface CpuModelMistake {
  readonly mistake: string;
}

/** Bits of XCR0 (SDM vol. 1, section 13.1) and the size in bytes of what they enable. */
export const XCR0 = { x87: 1, sse: 2, avx: 4 } as const;
export const LEGACY_AREA_BYTES = 512;
export const XSAVE_HEADER_BYTES = 64;
/** The upper halves of the sixteen ymm registers; they follow the header in both formats, as the only extended component. */
export const AVX_AREA_BYTES = 256;

/** The components that XSAVE manages on a model: XCR0, 0 without XSAVE. */
export function enabledComponents({ features }: CpuModel): number {
  if (!features.has('xsave')) return 0;
  return XCR0.x87 | (features.has('sse') ? XCR0.sse : 0) | (features.has('avx') ? XCR0.avx : 0);
}

/** Bytes of an XSAVE area with those components, in either format: there is one extended component, which leaves no room for gaps. */
export function xsaveAreaBytes(components: number): number {
  return LEGACY_AREA_BYTES + XSAVE_HEADER_BYTES + (components & XCR0.avx ? AVX_AREA_BYTES : 0);
}

const featureByName = /* @__PURE__ */ new Map(
  FEATURES.flatMap((row) => [row.name, ...row.aliases].map((name): [string, FeatureRow] => [name, row])),
);

/** A set of features without those that lack what they need. */
function settle(features: Set<string>): Set<string> {
  for (let before = -1; before !== features.size; ) {
    before = features.size;
    for (const { name, needs } of FEATURES) if (needs.some((need) => !features.has(need))) features.delete(name);
  }
  return features;
}

function change(features: Set<string>, word: string): CpuModelMistake | undefined {
  const name = word.replace(/^[+-]/, '');
  const row = featureByName.get(name) ?? featureByName.get(name.toLowerCase());
  if (row === undefined) return { mistake: `${name} is not a feature of this CPU` };
  if (word.startsWith('-')) features.delete(row.name);
  else addWithNeeds(features, row);
  return undefined;
}

function addWithNeeds(features: Set<string>, row: FeatureRow): void {
  features.add(row.name);
  for (const need of row.needs) addWithNeeds(features, featureByName.get(need) as FeatureRow);
}

function resolve(row: ModelRow): CpuModel {
  const parent = row.extends === undefined ? undefined : resolve(findRow(row.extends) as ModelRow);
  const features = new Set(parent?.features);
  for (const word of row.features.split(' ')) {
    if (word === '*') for (const { name } of FEATURES) features.add(name);
    else if (change(features, word) !== undefined) throw new TypeError(`${row.name}: no feature is called ${word}`);
  }
  const [basicLeaves, extendedLeaves] = row.leaves ?? [parent?.basicLeaves ?? 1, parent?.extendedLeaves ?? 0];
  return {
    name: row.name,
    title: row.title,
    features: settle(features),
    signature: row.signature ?? parent?.signature ?? 0,
    descriptors: row.descriptors ?? parent?.descriptors ?? MODERN_DESCRIPTORS,
    basicLeaves,
    extendedLeaves,
  };
}

/** One round; the caches are described by leaf 4 (descriptor FFH), TLBs and prefetching by descriptors F0H and B5H. */
const MODERN_DESCRIPTORS = [0xff_f001, 0, 0, 0xb5_0000] as const;

function findRow(name: string): ModelRow | undefined {
  const sought = (MODEL_ALIASES[name] ?? name).toLowerCase();
  return MODELS.find((row) => row.name.toLowerCase() === sought);
}

/** The model that is used when none is named. */
export const DEFAULT_CPU_MODEL = 'max';

/** Every model's name and title, in the order of the table. */
export function cpuModelNames(): readonly { readonly name: string; readonly title: string }[] {
  return MODELS.map(({ name, title }) => ({ name, title }));
}

/**
 * The model of a name, with features added and taken away after it as QEMU writes them. What needs a feature that was taken away goes
 * with it; what an added feature needs comes with it.
 * @example
 * findCpuModel('x86-64-v2,+aes,-popcnt')
 * findCpuModel('pentium5')   // { mistake: 'no CPU model is called pentium5; known are x86-64-v1, ...' }
 */
export function findCpuModel(text: string): CpuModel | CpuModelMistake {
  const [name, ...changes] = text.split(',');
  const row = findRow(name);
  if (row === undefined)
    return { mistake: `no CPU model is called ${name}; known are ${MODELS.map((known) => known.name).join(', ')}` };
  const model = resolve(row);
  if (changes.length === 0) return model;
  const features = new Set(model.features);
  for (const word of changes) {
    const [feature, state] = word.split('=');
    const failed = change(features, state === 'off' ? `-${feature}` : feature);
    if (failed !== undefined) return failed;
  }
  return { ...model, name: text, features: settle(features) };
}

/** Features that a model has, in the order of CPUID's bits. */
export function featureRowsOf({ features }: CpuModel): readonly FeatureRow[] {
  return FEATURES.filter(({ name }) => features.has(name));
}

/** A model given as itself or by name; throws a RangeError for a name that there is not. */
export function cpuModelOf(model: CpuModel | string = DEFAULT_CPU_MODEL): CpuModel {
  if (typeof model !== 'string') return model;
  const found = findCpuModel(model);
  if ('mistake' in found) throw new RangeError(found.mistake);
  return found;
}
