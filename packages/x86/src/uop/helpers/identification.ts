// CPUID, XGETBV, RDTSC: what the CPU says about itself.
import { CACHE_LINE_BYTES, EXTENDED_ECX, EXTENDED_EDX, LEAF1_ECX, LEAF1_EDX, LEAF7_EBX, SIGNATURE, VENDOR } from '../../state/features.ts';
import { type HelperContext, type HelperRow, helper } from './helper-row.ts';

const RAX = 0;
const RCX = 1;
const RDX = 2;
const RBX = 3;

function answer({ cpu }: HelperContext, eax: number, ebx: number, ecx: number, edx: number): number {
  cpu.setRegisterHalves(RAX, eax, 0);
  cpu.setRegisterHalves(RBX, ebx, 0);
  cpu.setRegisterHalves(RCX, ecx, 0);
  cpu.setRegisterHalves(RDX, edx, 0);
  return 0;
}

// Four characters of a string as CPUID packs them.
function word(text: string, position: number): number {
  let value = 0;
  for (let index = 3; index >= 0; index -= 1) value = (value << 8) | (position + index < text.length ? text.charCodeAt(position + index) : 0);
  return value;
}

const BRAND = 'elf x86-64 interpreter';

export const identificationHelpers: readonly HelperRow[] = [
  helper('cpuid', (context) => {
    const leaf = context.cpu.registerLow(RAX) >>> 0;
    const subleaf = context.cpu.registerLow(RCX);
    if (leaf >= 0x8000_0002 && leaf <= 0x8000_0004) {
      const start = (leaf - 0x8000_0002) * 16;
      return answer(context, word(BRAND, start), word(BRAND, start + 4), word(BRAND, start + 8), word(BRAND, start + 12));
    }
    switch (leaf) {
      case 0:
        return answer(context, 7, word(VENDOR, 0), word(VENDOR, 8), word(VENDOR, 4));
      case 1:
        // EBX: CLFLUSH size in 8-byte units, one logical processor.
        return answer(context, SIGNATURE, ((CACHE_LINE_BYTES / 8) << 8) | (1 << 16), LEAF1_ECX, LEAF1_EDX);
      case 7:
        return answer(context, 0, subleaf === 0 ? LEAF7_EBX : 0, 0, 0);
      case 0x8000_0000:
        return answer(context, 0x8000_0008 | 0, 0, 0, 0);
      case 0x8000_0001:
        return answer(context, 0, 0, EXTENDED_ECX, EXTENDED_EDX);
      case 0x8000_0008:
        // 48-bit linear, 40-bit physical addresses.
        return answer(context, (48 << 8) | 40, 0, 0, 0);
      default:
        return answer(context, 0, 0, 0, 0);
    }
  }),
  helper('rdtsc', (context) => {
    const ticks = context.timeStamp();
    context.cpu.setRegister(RAX, ticks & 0xffff_ffffn);
    context.cpu.setRegister(RDX, (ticks >> 32n) & 0xffff_ffffn);
    return 0;
  }),
];
