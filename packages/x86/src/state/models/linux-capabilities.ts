// What Linux tells programs about a processor: the auxiliary vector's entries and the flags of /proc/cpuinfo.
import { type CpuModel, enabledComponents, featureRowsOf, LEGACY_AREA_BYTES, xsaveAreaBytes } from './cpu-model.ts';
import { brandOf, leafOneFeatures, VENDOR } from './cpuid-leaves.ts';

/** AT_HWCAP2's bit for RDFSBASE and kin (arch/x86/include/uapi/asm/hwcap2.h). */
const HWCAP2_FSGSBASE = 2;
/**
 * A signal frame without the extended state: frame, FSAVE image of 32-bit programs, magic number and padding
 * (arch/x86/kernel/signal.c, init_sigframe_size; what kernels with areas of 832, 2696 and 11008 bytes report agrees).
 */
const FRAME_BYTES = 936;
const FRAME_ALIGNMENT = 16;

/** Entries of the auxiliary vector. */
export interface HardwareCapabilities {
  /** AT_HWCAP: EDX of CPUID leaf 1. */
  readonly hwcap: number;
  /** AT_HWCAP2. */
  readonly hwcap2: number;
  /** AT_MINSIGSTKSZ: bytes that a signal frame needs. */
  readonly minimumSignalStackBytes: number;
}

/** The auxiliary vector's entries about a model. */
export function hardwareCapabilities(model: CpuModel): HardwareCapabilities {
  const components = enabledComponents(model);
  const state = components === 0 ? LEGACY_AREA_BYTES : xsaveAreaBytes(components);
  return {
    hwcap: leafOneFeatures(model),
    hwcap2: model.features.has('fsgsbase') ? HWCAP2_FSGSBASE : 0,
    minimumSignalStackBytes: Math.ceil((FRAME_BYTES + state) / FRAME_ALIGNMENT) * FRAME_ALIGNMENT,
  };
}

/** What /proc/cpuinfo tells about a processor. */
export interface ProcessorIdentity {
  readonly vendor: string;
  readonly name: string;
  readonly family: number;
  readonly model: number;
  readonly stepping: number;
  /** Features by the kernel's names for them, in the order of CPUID's bits. */
  readonly flags: readonly string[];
}

/** The identity of a model, its signature taken apart as SDM vol. 2, CPUID, figure 3-6 tells. */
export function processorIdentity(model: CpuModel): ProcessorIdentity {
  const { signature } = model;
  const family = (signature >> 8) & 15;
  const extended = family === 6 || family === 15 ? (signature >> 16) & 15 : 0;
  return {
    vendor: VENDOR,
    name: brandOf(model),
    family: family === 15 ? family + ((signature >> 20) & 0xff) : family,
    model: extended * 16 + ((signature >> 4) & 15),
    stepping: signature & 15,
    flags: featureRowsOf(model).map((row) => row.aliases[0] ?? row.name),
  };
}
