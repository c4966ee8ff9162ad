// Notes of core files: what one is, and their types (include/uapi/linux/elf.h).

// biome-ignore format: a table
export const NoteType = {
  Status: 1, FloatingPoint: 2, Process: 3, Auxiliary: 6, Segments: 0x200, ExtendedState: 0x202, ExtendedRegisters: 0x46e62b7f,
  SignalInfo: 0x53494749, Files: 0x46494c45,
} as const;

/** Bytes of FXSAVE's image. */
export const LEGACY_IMAGE_BYTES = 512;

/** One note: owner, type, content. */
export interface Note {
  readonly owner: 'CORE' | 'LINUX';
  readonly type: number;
  readonly content: Uint8Array;
}
