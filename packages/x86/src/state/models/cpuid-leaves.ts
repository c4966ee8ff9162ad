// What CPUID answers for a model: its leaves, made of the feature rows (SDM vol. 2, CPUID).
import {
  AVX_AREA_BYTES,
  type CpuModel,
  enabledComponents,
  featureRowsOf,
  LEGACY_AREA_BYTES,
  XCR0,
  XSAVE_HEADER_BYTES,
  xsaveAreaBytes,
} from './cpu-model.ts';
import type { OUTPUT } from './feature-rows.ts';

/** EAX, EBX, ECX, EDX. */
export type CpuidAnswer = readonly [number, number, number, number];

/** Run-time libraries choose code by features only for vendors they know. */
export const VENDOR = 'GenuineIntel';
/** Bytes a CLFLUSH works on, and of a cache line. */
const CACHE_LINE_BYTES = 64;
/** CPUID.1:ECX bit 27: the system has enabled XSAVE. */
const OSXSAVE = 1 << 27;
/** CPUID.80000001:EDX bit 11: Intel's processors show it in 64-bit mode alone. */
const SYSCALL = 1 << 11;
const NOTHING: CpuidAnswer = [0, 0, 0, 0];

/** Caches of leaf 4: type, level, ways, sets, as Haswell has them. */
const CACHES = [
  { type: 1, level: 1, ways: 8, sets: 64 },
  { type: 2, level: 1, ways: 8, sets: 64 },
  { type: 3, level: 2, ways: 8, sets: 512 },
  { type: 3, level: 3, ways: 16, sets: 8192 },
] as const;

/**
 * The answer to CPUID with that leaf and subleaf.
 * @param mode mode of the program that asks
 */
export function cpuidLeaf(model: CpuModel, leaf: number, subleaf: number, mode: 32 | 64): CpuidAnswer {
  const isExtended = leaf >= 0x8000_0000;
  // Intel's processors answer what the highest basic leaf answers when there is no such leaf.
  if (leaf > (isExtended ? model.extendedLeaves : model.basicLeaves))
    return answer(model, model.basicLeaves, subleaf, mode);
  return answer(model, leaf, subleaf, mode);
}

function answer(model: CpuModel, leaf: number, subleaf: number, mode: 32 | 64): CpuidAnswer {
  const bits = (register: keyof typeof OUTPUT, ofSubleaf = 0) => featureBits(model, leaf, ofSubleaf, register);
  switch (leaf) {
    case 0:
      return [model.basicLeaves, word(VENDOR, 0), word(VENDOR, 8), word(VENDOR, 4)];
    case 1: {
      // EBX: CLFLUSH size in units of 8 bytes, one logical processor with APIC number 0.
      const size = model.features.has('clflush') ? (CACHE_LINE_BYTES / 8) << 8 : 0;
      return [
        model.signature,
        size | (model.basicLeaves >= 4 ? 1 << 16 : 0),
        bits('ecx') | (model.features.has('xsave') ? OSXSAVE : 0),
        bits('edx'),
      ];
    }
    case 2:
      return model.descriptors;
    case 4:
      return cacheLeaf(subleaf);
    case 7:
      return subleaf === 0 ? [0, bits('ebx'), bits('ecx'), bits('edx')] : NOTHING;
    case 0xb:
      return topologyLeaf(subleaf);
    case 0xd:
      return xsaveLeaf(model, subleaf);
    case 0x8000_0000:
      return [model.extendedLeaves | 0, 0, 0, 0];
    case 0x8000_0001:
      return [0, 0, bits('ecx'), bits('edx') & (mode === 32 ? ~SYSCALL : ~0)];
    case 0x8000_0002:
    case 0x8000_0003:
    case 0x8000_0004: {
      const start = (leaf - 0x8000_0002) * 16;
      const brand = brandOf(model);
      return [word(brand, start), word(brand, start + 4), word(brand, start + 8), word(brand, start + 12)];
    }
    case 0x8000_0006:
      // Level 2 cache: KiB, 8 ways (code 6), line size.
      return [0, 0, (256 << 16) | 0x6000 | CACHE_LINE_BYTES, 0];
    case 0x8000_0007:
      // The time-stamp counter goes at one speed.
      return [0, 0, 0, model.features.has('tsc') ? 1 << 8 : 0];
    case 0x8000_0008:
      // 48-bit linear, 40-bit physical addresses.
      return [(48 << 8) | 40, 0, 0, 0];
    default:
      return NOTHING;
  }
}

/** The brand string of leaves 80000002 to 80000004, at most 47 characters. */
export function brandOf({ name }: CpuModel): string {
  return `elf ${name.split(',')[0]} interpreter`;
}

function featureBits(model: CpuModel, leaf: number, subleaf: number, register: keyof typeof OUTPUT): number {
  let bits = 0;
  for (const row of featureRowsOf(model))
    if (row.leaf === leaf && row.subleaf === subleaf && row.register === register) bits |= 1 << row.bit;
  return bits;
}

/** CPUID.1:EDX. */
export function leafOneFeatures(model: CpuModel): number {
  return featureBits(model, 1, 0, 'edx') >>> 0;
}

function cacheLeaf(subleaf: number): CpuidAnswer {
  const cache = CACHES[subleaf];
  if (cache === undefined) return NOTHING;
  // Bit 8: initialises itself. One core, one thread.
  return [
    cache.type | (cache.level << 5) | (1 << 8),
    (CACHE_LINE_BYTES - 1) | ((cache.ways - 1) << 22),
    cache.sets - 1,
    0,
  ];
}

// Two levels, threads and cores, of one processor each.
function topologyLeaf(subleaf: number): CpuidAnswer {
  if (subleaf > 1) return [0, 0, subleaf & 0xff, 0];
  return [0, 1, ((subleaf + 1) << 8) | subleaf, 0];
}

function xsaveLeaf(model: CpuModel, subleaf: number): CpuidAnswer {
  const components = enabledComponents(model);
  if (components === 0) return NOTHING;
  const size = xsaveAreaBytes(components);
  if (subleaf === 0) return [components, size, size, 0];
  if (subleaf === 1) {
    const bits = featureBits(model, 0xd, 1, 'eax');
    return [bits, model.features.has('xsavec') ? size : 0, 0, 0];
  }
  if (subleaf === 2 && components & XCR0.avx) return [AVX_AREA_BYTES, LEGACY_AREA_BYTES + XSAVE_HEADER_BYTES, 0, 0];
  return NOTHING;
}

// Four characters of a string as CPUID packs them.
function word(text: string, position: number): number {
  let value = 0;
  for (let index = 3; index >= 0; index -= 1)
    value = (value << 8) | (position + index < text.length ? text.charCodeAt(position + index) : 0);
  return value;
}
