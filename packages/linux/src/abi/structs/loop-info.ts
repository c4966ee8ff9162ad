// Structures of the loop devices' requests (include/uapi/linux/loop.h).
import { defineStruct } from '../struct-layout.ts';

/** Bytes of a file name in them. */
export const LOOP_NAME_BYTES = 64;

// biome-ignore format: a table
export const loopInfo64 = /* @__PURE__ */ defineStruct(232, {
  device: [0, 'u64'], inode: [8, 'u64'], offset: [24, 'u64'], sizeLimit: [32, 'u64'], number: [40, 'u32'], flags: [52, 'u32'],
  name: [56, 'bytes', LOOP_NAME_BYTES],
});

// biome-ignore format: a table
export const loopInfo = /* @__PURE__ */ defineStruct(168, {
  number: [0, 'i32'], device: [8, 'u64'], inode: [16, 'u64'], offset: [32, 'i32'], flags: [44, 'u32'], name: [48, 'bytes', LOOP_NAME_BYTES],
}, { layout: defineStruct(140, {
  number: [0, 'i32'], device: [4, 'u16'], inode: [8, 'u32'], offset: [16, 'i32'], flags: [28, 'u32'], name: [32, 'bytes', LOOP_NAME_BYTES],
}) });

/** Where the name starts in a structure, for reading it. */
export const LOOP_NAME_OFFSETS = { info64: 56, info: 48, narrowInfo: 32 } as const;
