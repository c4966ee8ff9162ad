// table: byte offsets of the CPU state block; the engines, the lifter and the helpers all read this one list.
/** General registers: 16 x 8 bytes in encoding order (rax rcx rdx rbx rsp rbp rsi rdi r8..r15). */
export const GPR = 0;
/** Address of the next instruction; exact whenever an engine has returned. */
export const RIP = 128;
export const FS_BASE = 136;
export const GS_BASE = 144;
/** Last arithmetic result, sign-extended to 64 bits; see state/flags.ts. */
export const FLAG_RESULT = 152;
/** Carry vector and corrections; see state/flags.ts. */
export const FLAG_AUX = 160;
/** Direction flag: 0 or 1. */
export const DIRECTION = 168;
/** TF, NT, AC, ID as they stand in RFLAGS. */
export const OTHER_FLAGS = 176;
/** Instructions that may still run before the engine leaves (signed). */
export const BUDGET = 184;
/** Host offset of the micro-op at which the engine left. */
export const EXIT_PC = 192;
/** Why the engine left: `ExitStatus`. */
export const EXIT_STATUS = 196;
/** Detail of the exit: exception vector, interrupt number. */
export const EXIT_DETAIL = 200;
/** Guest address, access and cause of a memory fault. */
export const FAULT_ADDRESS = 208;
export const FAULT_ACCESS = 216;
export const FAULT_CAUSE = 220;
/** 64 temporaries of 8 bytes for the lifter, reset at each instruction. */
export const TEMPORARIES = 256;
export const TEMPORARY_COUNT = 64;
/** Selectors of ES, CS, SS, DS, FS, GS as cells of 8 bytes in encoding order. CS says in which mode the CPU is. */
export const SELECTORS = 768;
/** Bases of the three thread-local descriptors of the GDT; the upper half of a cell is 1 where the descriptor is present. */
export const THREAD_DESCRIPTORS = 816;
export const THREAD_DESCRIPTOR_COUNT = 3;
/** CR4.TSD as a word: RDTSC and RDTSCP raise #GP while it is 1. */
export const TIME_STAMP_DISABLED = 840;
/** 16 vector registers of 32 bytes: xmm is the low half of ymm. */
export const VECTOR = 1024;
export const VECTOR_STRIDE = 32;
/** 16 vector temporaries of 32 bytes. */
export const VECTOR_TEMPORARIES = 1536;
export const VECTOR_TEMPORARY_COUNT = 16;
/** x87 and MXCSR state in FXSAVE's layout (SDM vol. 1, table 10-2), but with the physical registers R0-R7: control word +0, status +2, abridged tag +4, opcode +6, rip +8, rdp +16, mxcsr +24, mxcsr mask +28, Ri +32 + 16i. */
export const FXSAVE = 2048;
export const X87_CONTROL = FXSAVE;
export const X87_STATUS = FXSAVE + 2;
export const MXCSR = FXSAVE + 24;
export const X87_REGISTERS = FXSAVE + 32;
/** Buffer for accesses that cross a page: bytes are gathered here and scattered back. */
export const CROSSING = 2560;
/** Bytes of the state block that saveState keeps: everything architectural lies before this. */
export const STATE_BYTES = 2784;
/** One element of a string instruction on its way between two pages. */
export const STRING_BUFFER = 2624;
/** 16-byte scratch area for helpers. */
export const HELPER_SCRATCH = 2688;
/** While the exceptions of all lanes of an instruction are collected: the number of the next step, from 1; else 0. */
export const COLLECTING_STEP = 2704;
/** The last of the steps below. */
export const LAST_FLOAT_STEP = 2708;
/** For each of the last steps, MXCSR before it and what it raised; the second while it collects. */
export const MXCSR_OF_STEPS = 2720;
export const FLAGS_OF_STEPS = 2752;
export const FLOAT_STEPS = 8;
