// table: the functions of the 64-bit vDSO. Each is the system call of its name: the arguments are where the call wants them.
import type { FrameConvention } from './call-frames.ts';
import type { ObjectFunction } from './object-sections.ts';
import { integersOf } from './byte-layout.ts';

/** DWARF numbers of the System V ABI, 3.6.2: RSP is 7, the return address 16. */
export const CONVENTION_X86_64: FrameConvention = { wordBytes: 8, stackPointer: 7, returnColumn: 16 };
export const SONAME_X86_64 = 'linux-vdso.so.1';
export const VERSION = 'LINUX_2.6';

/** mov eax, number; syscall; ret. The call destroys RCX and R11, which belong to the callee anyway. */
const call = (number: number): number[] => [0xb8, ...integersOf(4, [number]), 0x0f, 0x05, 0xc3];

// Names and versions: arch/x86/entry/vdso/vdso.lds.S. __vdso_getrandom and __vdso_sgx_enter_enclave are left out: C libraries make
// the call where they are missing.
// biome-ignore format: one row per line
export const FUNCTIONS_X86_64: readonly ObjectFunction[] = [
  { names: ['__vdso_clock_gettime', 'clock_gettime'], version: VERSION, code: call(228) },
  { names: ['__vdso_gettimeofday', 'gettimeofday'],   version: VERSION, code: call(96) },
  { names: ['__vdso_clock_getres', 'clock_getres'],   version: VERSION, code: call(229) },
  { names: ['__vdso_time', 'time'],                   version: VERSION, code: call(201) },
  { names: ['__vdso_getcpu', 'getcpu'],               version: VERSION, code: call(309) },
];
