// table: addresses and byte offsets that the bulk judge's loops, native/bulk-runner.c and our side agree on, all little endian.

/** Bytes that each slot of the code region has for one tested instance, and how many of them a batch sends. */
export const SLOT_BYTES = 1024;
export const SLOTS = 256;
export const CODE_SENT_BYTES = SLOT_BYTES * SLOTS;

/** The loops themselves, one after the other. */
export const HARNESS_BASE = 0x0a00_0000;
export const HARNESS_BYTES = 0x8000;

/** The page the loops work in: the instance's record, constants, the running hash, what the last iteration left. */
/** Not on a multiple of 4 MiB like the data and the stack: they would displace each other in our TLB of 1024 entries. */
export const STATE_BASE = 0x0b08_0000;
export const STATE_PAGE_BYTES = 0x1000;
/** Inputs, read only by convention. */
export const POOLS_BASE = 0x0b10_0000;
export const POOLS_BYTES = 0x4_0000;
/** Each pool has this many bytes to start at, and some more to read on into. */
export const POOL_BYTES = 0x1_0000;
export const INTEGER_POOL = POOLS_BASE;
export const VECTOR_POOL = POOLS_BASE + 0x1_1000;
export const EXTENDED_POOL = POOLS_BASE + 0x2_2000;
/** Flags, MXCSR and x87 control words of an iteration, CONTROL_BYTES each. */
export const CONTROL_POOL = POOLS_BASE + 0x3_3000;
export const CONTROL_ENTRIES = 256;
export const CONTROL_BYTES = 32;
export const CONTROL_FLAGS_AT = 0;
export const CONTROL_ADDEND_AT = 4;
export const CONTROL_MXCSR_AT = 8;
export const CONTROL_X87_AT = 12;
export const CONTROL_TAGS_AT = 16;

/** An instance's record: sent by itself, and at the start of the state page. */
export const INSTANCE_BYTES = 64;
export const SEED_AT = 0;
export const LEFT_AT = 4;
export const SLOT_AT = 8;
export const FLAG_MASK_AT = 16;
export const WINDOW_AT = 20;
export const SOURCE_AT = 24;
export const MXCSR_AT = 28;
export const ENTRY_AT = 32;
export const RESUME_AT = 36;
export const CLOSE_AT = 40;
export const END_AT = 44;
export const FS_BASE_AT = 48;
export const GS_BASE_AT = 56;

/** The rest of the state page. */
export const SAVED_STACK_POINTER_AT = 64;
export const ROTATION_AT = 96;
export const FACTOR_AT = 128;
export const HASH_AT = 160;
/** General registers after the tested instruction: 8 bytes each, 4 in 32-bit mode; then a row of flags and control words. */
export const OUT_GPR_AT = 256;
export const OUT_FLAGS_AT = 384;
export const OUT_MARK_AT = 388;
export const OUT_MXCSR_AT = 392;
export const OUT_X87_AT = 396;
export const OUT_TAGS_AT = 400;
export const OUT_RFLAGS_AT = 408;
/** What no iteration of a light loop stores: general registers at its end. */
export const LAST_GPR_AT = 448;
export const OUT_VECTORS_AT = 1024;
export const X87_IN_AT = 2048;
export const X87_OUT_AT = 3072;
/** Bytes of the window around the memory operand that every iteration fills and hashes. */
export const WINDOW_BYTES = 64;

export const BULK_MAGIC = 0x4b4c_5542;
export const RESULT_BYTES = 128;
export const RESULT_LEFT_AT = 32;
export const RESULT_FAULTS_AT = 36;
export const RESULT_FAULT_HASH_AT = 40;
export const RESULT_STATUS_AT = 44;
export const RESULT_VECTOR_AT = 48;
export const RESULT_ACCESS_AT = 52;
export const RESULT_ADDRESS_AT = 56;
export const RESULT_RIP_AT = 64;
/** A loop that has met this many faults ends. */
export const FAULT_LIMIT = 64;
export const STATUS_DOES_NOT_END = 2;
export const STATUS_HARNESS_FAULT = 3;
