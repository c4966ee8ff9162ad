// table: CPU features that are implemented, as CPUID and AT_HWCAP report them (SDM vol. 2, CPUID).
/** Vendor string: run-time libraries choose code by features only for vendors they know. */
export const VENDOR = 'GenuineIntel';
/** Family 6, model 15, stepping 11: a plain x86-64 of 2006. */
export const SIGNATURE = 0x0006fb;
/** CPUID.1:EDX: FPU TSC MSR CX8 CMOV PAT CLFSH MMX FXSR SSE SSE2; also AT_HWCAP. */
export const LEAF1_EDX =
  (1 << 0) |
  (1 << 4) |
  (1 << 5) |
  (1 << 8) |
  (1 << 15) |
  (1 << 16) |
  (1 << 19) |
  (1 << 23) |
  (1 << 24) |
  (1 << 25) |
  (1 << 26);
/** CPUID.1:ECX: SSE3, PCLMULQDQ, SSSE3, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, AES. */
export const LEAF1_ECX =
  (1 << 0) | (1 << 1) | (1 << 9) | (1 << 13) | (1 << 19) | (1 << 20) | (1 << 22) | (1 << 23) | (1 << 25);
/** CPUID.7.0:EBX: BMI1, BMI2, ADX, SHA. */
export const LEAF7_EBX = (1 << 3) | (1 << 8) | (1 << 19) | (1 << 29);
/** CPUID.80000001:EDX: SYSCALL, NX, RDTSCP, long mode. */
export const EXTENDED_EDX = (1 << 11) | (1 << 20) | (1 << 27) | (1 << 29);
/** CPUID.80000001:ECX: LAHF in 64-bit mode, LZCNT. */
export const EXTENDED_ECX = (1 << 0) | (1 << 5);
/** Bytes a CLFLUSH works on, and of a cache line. */
export const CACHE_LINE_BYTES = 64;
