// table: System V IPC objects in guest memory, with IPC_64 (include/uapi/asm-generic/ipcbuf.h, arch/x86/include/uapi/asm/{sem,msg,shm}buf.h).
import type { Thread } from '@elf/kernel';
import { defineStruct, type FieldValue, layoutFor, type StructLayout } from '../struct-layout.ts';

/** struct ipc64_perm: 48 bytes, 36 on i386; what is used has the same places in both. */
// biome-ignore format: a table
const PERMISSION = {
  key: [0, 'i32'], user: [4, 'u32'], group: [8, 'u32'], creatorUser: [12, 'u32'], creatorGroup: [16, 'u32'], mode: [20, 'u32'],
} as const;

// Times on i386 are two words that do not follow each other's alignment, each low half first: one field of 64 bits.
// biome-ignore format: a table
const semaphoreStatus32 = defineStruct(64, { ...PERMISSION, operationTime: [36, 'i64'], changeTime: [44, 'i64'], count: [52, 'u32'] });
/** struct semid64_ds. */
// biome-ignore format: a table
export const semaphoreStatus = defineStruct(104, { ...PERMISSION, operationTime: [48, 'i64'], changeTime: [64, 'i64'], count: [80, 'u64'] }, { layout: semaphoreStatus32 });

// biome-ignore format: a table
const queueStatus32 = defineStruct(88, {
  ...PERMISSION, sendTime: [36, 'i64'], receiveTime: [44, 'i64'], changeTime: [52, 'i64'], bytes: [60, 'u32'], count: [64, 'u32'],
  limit: [68, 'u32'], lastSender: [72, 'i32'], lastReceiver: [76, 'i32'],
});
/** struct msqid64_ds. */
// biome-ignore format: a table
export const queueStatus = defineStruct(120, {
  ...PERMISSION, sendTime: [48, 'i64'], receiveTime: [56, 'i64'], changeTime: [64, 'i64'], bytes: [72, 'u64'], count: [80, 'u64'],
  limit: [88, 'u64'], lastSender: [96, 'i32'], lastReceiver: [100, 'i32'],
}, { layout: queueStatus32 });

// biome-ignore format: a table
const segmentStatus32 = defineStruct(84, {
  ...PERMISSION, length: [36, 'u32'], attachTime: [40, 'i64'], detachTime: [48, 'i64'], changeTime: [56, 'i64'], creator: [64, 'i32'],
  lastProcess: [68, 'i32'], attachments: [72, 'u32'],
});
/** struct shmid64_ds. */
// biome-ignore format: a table
export const segmentStatus = defineStruct(112, {
  ...PERMISSION, length: [48, 'u64'], attachTime: [56, 'i64'], detachTime: [64, 'i64'], changeTime: [72, 'i64'], creator: [80, 'i32'],
  lastProcess: [84, 'i32'], attachments: [88, 'u64'],
}, { layout: segmentStatus32 });

// biome-ignore format: a table
const segmentLimits32 = defineStruct(36, { largest: [0, 'u32'], smallest: [4, 'u32'], segments: [8, 'u32'], perProcess: [12, 'u32'], pages: [16, 'u32'] });
/** struct shminfo64. */
// biome-ignore format: a table
export const segmentLimits = defineStruct(72, { largest: [0, 'u64'], smallest: [8, 'u64'], segments: [16, 'u64'], perProcess: [24, 'u64'], pages: [32, 'u64'] }, { layout: segmentLimits32 });

const segmentUsage32 = defineStruct(24, { segments: [0, 'i32'], pages: [4, 'u32'], residentPages: [8, 'u32'] });
/** struct shm_info. */
// biome-ignore format: a table
export const segmentUsage = defineStruct(48, { segments: [0, 'i32'], pages: [8, 'u64'], residentPages: [16, 'u64'] }, { layout: segmentUsage32 });

/** struct msginfo, the same on both. */
// biome-ignore format: a table
export const queueLimits = defineStruct(32, {
  pool: [0, 'i32'], map: [4, 'i32'], largestMessage: [8, 'i32'], queueBytes: [12, 'i32'], queues: [16, 'i32'], segmentBytes: [20, 'i32'],
  headers: [24, 'i32'], segments: [28, 'u32'],
});

/** Stores a structure as the call in progress has it; false where it cannot be written. */
export function storeStruct<Name extends string>(
  task: Thread,
  at: number,
  layout: StructLayout<Name>,
  values: Readonly<Partial<Record<Name, FieldValue>>>,
): boolean {
  return task.user.write(at, layoutFor(task, layout).encode(values));
}

/** A structure as the call in progress has it; undefined where it cannot be read. */
export function loadStruct<Name extends string>(task: Thread, at: number, layout: StructLayout<Name>): Record<Name, number> | undefined {
  const form = layoutFor(task, layout);
  const bytes = task.user.read(at, form.sizeInBytes);
  return bytes && form.decode(bytes);
}
