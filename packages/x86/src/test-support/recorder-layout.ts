// table: addresses and byte offsets of the protocol of native/record-vectors.c (cases, results, batches), all little endian.

/** Guest addresses of the three regions; the pages before and after each are not mapped. */
export const CODE_BASE = 0x0800_0000;
export const CODE_BYTES = 0x4_0000;
export const DATA_BASE = 0x2000_0000;
export const DATA_BYTES = 0x2000;
export const STACK_BASE = 0x3000_0000;
export const STACK_BYTES = 0x1000;
/** Data pages and stack page in one piece, as batches carry them. */
export const IMAGE_BYTES = DATA_BYTES + STACK_BYTES;

export const BATCH_MAGIC = 0x3146_4c45;
export const BATCH_HEAD_BYTES = 8;
/** Bytes of a case and of a result. */
export const RECORD_BYTES = 1024;
/** Each case has its own part of the code region, so that a whole batch can be written there at once. */
export const SLOT_BYTES = 64;

/** Fields that cases and results share. */
export const MXCSR_AT = 4;
export const FLAGS_AT = 8;
export const GPR_AT = 16;
export const FS_BASE_AT = 144;
export const GS_BASE_AT = 152;
/** Control, status, tag (FXSAVE's abridged form), opcode as u16; instruction and operand address; ST(0..7) at +32, 16 bytes each. */
export const X87_AT = 192;
export const X87_STACK_AT = 224;
export const YMM_AT = 352;
export const YMM_BYTES = 512;

/** Fields of a case. */
export const CASE_LENGTH_AT = 0;
export const CASE_MODE_AT = 1;
export const CASE_PATCHES_AT = 2;
export const CASE_CODE_AT = 160;
export const CASE_OFFSET_AT = 176;
export const CASE_STEPS_AT = 180;
/** Two patches of { u32 address, u32 length, 64 bytes }. */
export const CASE_PATCH_AT = 864;
export const PATCH_BYTES = 72;
/** Room in a case the recorder ignores: the number of the row in the generator's list. */
export const CASE_NOTE_AT = 1008;
/** Mode bit: trap after each instruction instead of ending at the int3 that follows. */
export const MODE_SINGLE_STEP = 1;
/** Mode bit the recorder ignores: the code is several instructions. */
export const MODE_SEQUENCE = 2;

/** Mode bit: the case runs in 32-bit mode, with 0x2b in all data segment registers. */
export const MODE_PROTECTED = 4;
/** Bases of the thread-local descriptors 0x63 and 0x6b; the third one is empty. */
export const THREAD_BASES = [0x2000_0000, 0x2000_0040] as const;

/** Fields of a result. */
export const RESULT_VECTOR_AT = 0;
export const RESULT_SIGNAL_AT = 1;
export const RESULT_CHANGES_AT = 2;
export const RESULT_RIP_AT = 160;
export const RESULT_FAULT_AT = 168;
export const RESULT_ERROR_AT = 176;
export const RESULT_CODE_AT = 180;
export const RESULT_CHANGE_OFFSET_AT = 188;
/** Selectors in ES CS SS DS FS GS, u16 each. */
export const RESULT_SELECTORS_AT = 864;
/** A change: u32 offset in the image, u32 length (8), the 8 bytes after. */
export const CHANGE_BYTES = 16;
