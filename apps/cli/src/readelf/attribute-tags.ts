// table: build attributes of ARM and RISC-V by tag number.

/** One attribute: what it is called and what its numbers mean. */
export interface AttributeTag {
  readonly name: string;
  readonly kind: 'number' | 'text';
  readonly words?: readonly string[];
  /** Words for numbers beyond `words`. */
  readonly other?: (value: number) => string;
}

const yesNo = ['No', 'Yes'];
const number = (name: string, words: readonly string[]): AttributeTag => ({ name, kind: 'number', words });
const text = (name: string): AttributeTag => ({ name, kind: 'text' });

/** RISC-V psABI, "Attributes". */
export const RISCV_ATTRIBUTES: Readonly<Record<number, AttributeTag>> = {
  4: { name: 'RISCV_stack_align', kind: 'number', other: (value) => `${value}-bytes` },
  5: text('RISCV_arch'),
  6: number('RISCV_unaligned_access', ['No unaligned access', 'Unaligned access']),
  8: { name: 'RISCV_priv_spec', kind: 'number', other: (value) => `${value}` },
  10: { name: 'RISCV_priv_spec_minor', kind: 'number', other: (value) => `${value}` },
  12: { name: 'RISCV_priv_spec_revision', kind: 'number', other: (value) => `${value}` },
};

/** Addenda to, and Errata in, the ABI for the Arm Architecture, "Build Attributes". */
export const ARM_ATTRIBUTES: Readonly<Record<number, AttributeTag>> = {
  4: text('CPU_raw_name'),
  5: text('CPU_name'),
  6: number('CPU_arch', [
    'Pre-v4',
    'v4',
    'v4T',
    'v5T',
    'v5TE',
    'v5TEJ',
    'v6',
    'v6KZ',
    'v6T2',
    'v6K',
    'v7',
    'v6-M',
    'v6S-M',
    'v7E-M',
    'v8',
    'v8-R',
    'v8-M.baseline',
    'v8-M.mainline',
    'v8.1-A',
    'v8.2-A',
    'v8.3-A',
    'v8.1-M.mainline',
    'v9',
  ]),
  7: { name: 'CPU_arch_profile', kind: 'number', other: armProfile },
  8: number('ARM_ISA_use', yesNo),
  9: number('THUMB_ISA_use', ['No', 'Thumb-1', 'Thumb-2', 'Yes']),
  10: number('FP_arch', [
    'No',
    'VFPv1',
    'VFPv2',
    'VFPv3',
    'VFPv3-D16',
    'VFPv4',
    'VFPv4-D16',
    'FP for ARMv8',
    'FPv5/FP-D16 for ARMv8',
  ]),
  11: number('WMMX_arch', ['No', 'WMMXv1', 'WMMXv2']),
  12: number('Advanced_SIMD_arch', ['No', 'NEONv1', 'NEONv1 with Fused-MAC', 'NEON for ARMv8', 'NEON for ARMv8.1']),
  13: number('PCS_config', [
    'None',
    'Bare platform',
    'Linux application',
    'Linux DSO',
    'PalmOS 2004',
    'PalmOS (reserved)',
    'SymbianOS 2004',
    'SymbianOS (reserved)',
  ]),
  14: number('ABI_PCS_R9_use', ['V6', 'SB', 'TLS', 'Unused']),
  15: number('ABI_PCS_RW_data', ['Absolute', 'PC-relative', 'SB-relative', 'None']),
  16: number('ABI_PCS_RO_data', ['Absolute', 'PC-relative', 'None']),
  17: number('ABI_PCS_GOT_use', ['None', 'direct', 'GOT-indirect']),
  18: { name: 'ABI_PCS_wchar_t', kind: 'number', words: ['None', '??? 1', '2', '??? 3', '4'] },
  19: number('ABI_FP_rounding', ['Unused', 'Needed']),
  20: number('ABI_FP_denormal', ['Unused', 'Needed', 'Sign only']),
  21: number('ABI_FP_exceptions', ['Unused', 'Needed']),
  22: number('ABI_FP_user_exceptions', ['Unused', 'Needed']),
  23: number('ABI_FP_number_model', ['Unused', 'Finite', 'RTABI', 'IEEE 754']),
  24: { name: 'ABI_align_needed', kind: 'number', words: ['None', '8-byte', '4-byte', '??? 3'], other: armAlignment },
  25: {
    name: 'ABI_align_preserved',
    kind: 'number',
    words: ['None', '8-byte, except leaf SP', '8-byte', '??? 3'],
    other: armAlignment,
  },
  26: number('ABI_enum_size', ['Unused', 'small', 'int', 'forced to int']),
  27: number('ABI_HardFP_use', ['As Tag_FP_arch', 'SP only', 'Reserved', 'Deprecated']),
  28: number('ABI_VFP_args', ['AAPCS', 'VFP registers', 'custom', 'compatible']),
  29: number('ABI_WMMX_args', ['AAPCS', 'WMMX registers', 'custom']),
  30: number('ABI_optimization_goals', [
    'None',
    'Prefer Speed',
    'Aggressive Speed',
    'Prefer Size',
    'Aggressive Size',
    'Prefer Debug',
    'Aggressive Debug',
  ]),
  31: number('ABI_FP_optimization_goals', [
    'None',
    'Prefer Speed',
    'Aggressive Speed',
    'Prefer Size',
    'Aggressive Size',
    'Prefer Accuracy',
    'Aggressive Accuracy',
  ]),
  34: number('CPU_unaligned_access', ['None', 'v6']),
  36: number('FP_HP_extension', ['Not Allowed', 'Allowed']),
  38: number('ABI_FP_16bit_format', ['None', 'IEEE 754', 'Alternative Format']),
  42: number('MPextension_use', ['Not Allowed', 'Allowed']),
  44: number('DIV_use', [
    'Allowed in Thumb-ISA, v7-R or v7-M',
    'Not allowed',
    'Allowed in v7-A with integer division extension',
  ]),
  46: number('DSP_extension', ['Follow architecture', 'Allowed']),
  65: text('also_compatible_with'),
  66: number('T2EE_use', ['Not Allowed', 'Allowed']),
  67: text('conformance'),
  68: number('Virtualization_use', [
    'Not Allowed',
    'TrustZone',
    'Virtualization Extensions',
    'TrustZone and Virtualization Extensions',
  ]),
};

function armProfile(value: number): string {
  const known = { 0: 'None', 65: 'Application', 82: 'Realtime', 77: 'Microcontroller', 83: 'Application or Realtime' }[
    value
  ];
  return known ?? `??? (${String.fromCharCode(value)})`;
}

function armAlignment(value: number): string {
  return value <= 12 ? `8-byte and up to ${2 ** value}-byte extended` : `??? (${value})`;
}
