// table: structures of the information calls: utsname, sysinfo, rlimit, rusage, statfs, winsize, termios.
import { defineStruct } from '../struct-layout.ts';

// biome-ignore format: a table
export const utsname = defineStruct(390, {
  system: [0, 'bytes', 65], node: [65, 'bytes', 65], release: [130, 'bytes', 65], version: [195, 'bytes', 65], machine: [260, 'bytes', 65],
  domain: [325, 'bytes', 65],
});
// biome-ignore format: a table
const sysinfo32 = defineStruct(64, {
  uptime: [0, 'i32'], load1: [4, 'u32'], load5: [8, 'u32'], load15: [12, 'u32'], totalMemory: [16, 'u32'], freeMemory: [20, 'u32'],
  sharedMemory: [24, 'u32'], bufferMemory: [28, 'u32'], totalSwap: [32, 'u32'], freeSwap: [36, 'u32'], processes: [40, 'u16'],
  totalHigh: [44, 'u32'], freeHigh: [48, 'u32'], unit: [52, 'u32'],
});
// biome-ignore format: a table
export const sysinfo = defineStruct(112, {
  uptime: [0, 'i64'], load1: [8, 'u64'], load5: [16, 'u64'], load15: [24, 'u64'], totalMemory: [32, 'u64'], freeMemory: [40, 'u64'],
  sharedMemory: [48, 'u64'], bufferMemory: [56, 'u64'], totalSwap: [64, 'u64'], freeSwap: [72, 'u64'], processes: [80, 'u16'],
  totalHigh: [88, 'u64'], freeHigh: [96, 'u64'], unit: [104, 'u32'],
}, { layout: sysinfo32 });
const rlimit32 = defineStruct(8, { current: [0, 'u32'], maximum: [4, 'u32'] });
/** Of getrlimit and setrlimit. */
export const rlimit = defineStruct(16, { current: [0, 'u64'], maximum: [8, 'u64'] }, { layout: rlimit32 });
/** Of prlimit64: the same on every ABI. */
export const rlimit64 = defineStruct(16, { current: [0, 'u64'], maximum: [8, 'u64'] });
// biome-ignore format: a table
const rusage32 = defineStruct(72, {
  userSeconds: [0, 'i32'], userMicroseconds: [4, 'i32'], systemSeconds: [8, 'i32'], systemMicroseconds: [12, 'i32'], maximumResidentKilobytes: [16, 'i32'],
});
// biome-ignore format: a table
export const rusage = defineStruct(144, {
  userSeconds: [0, 'i64'], userMicroseconds: [8, 'i64'], systemSeconds: [16, 'i64'], systemMicroseconds: [24, 'i64'], maximumResidentKilobytes: [32, 'i64'],
}, { layout: rusage32 });
// biome-ignore format: a table
const statfs32 = defineStruct(64, {
  type: [0, 'u32'], blockSize: [4, 'u32'], blocks: [8, 'u32'], freeBlocks: [12, 'u32'], availableBlocks: [16, 'u32'], files: [20, 'u32'],
  freeFiles: [24, 'u32'], nameLength: [36, 'u32'], fragmentSize: [40, 'u32'], flags: [44, 'u32'],
});
/** Of the i386 calls statfs64 and fstatfs64. */
// biome-ignore format: a table
export const statfs64 = defineStruct(84, {
  type: [0, 'u32'], blockSize: [4, 'u32'], blocks: [8, 'u64'], freeBlocks: [16, 'u64'], availableBlocks: [24, 'u64'], files: [32, 'u64'],
  freeFiles: [40, 'u64'], nameLength: [56, 'u32'], fragmentSize: [60, 'u32'], flags: [64, 'u32'],
});
// biome-ignore format: a table
export const statfs = defineStruct(120, {
  type: [0, 'u64'], blockSize: [8, 'u64'], blocks: [16, 'u64'], freeBlocks: [24, 'u64'], availableBlocks: [32, 'u64'], files: [40, 'u64'],
  freeFiles: [48, 'u64'], nameLength: [64, 'u64'], fragmentSize: [72, 'u64'], flags: [80, 'u64'],
}, { layout: statfs32 });
export const winsize = defineStruct(8, { rows: [0, 'u16'], columns: [2, 'u16'], width: [4, 'u16'], height: [6, 'u16'] });
// biome-ignore format: a table
export const termios = defineStruct(36, {
  input: [0, 'u32'], output: [4, 'u32'], control: [8, 'u32'], local: [12, 'u32'], line: [16, 'u8'], characters: [17, 'bytes', 19],
});
