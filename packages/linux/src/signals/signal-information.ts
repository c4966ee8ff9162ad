// siginfo_t in guest memory, in its 64-bit and its i386 form (include/uapi/asm-generic/siginfo.h, include/linux/compat.h).
import { defineStruct } from '../abi/struct-layout.ts';
import type { SignalInfo } from './signal-state.ts';
import { Signal } from './signal-table.ts';

// biome-ignore format: a table
const wide = defineStruct(128, {
  signal: [0, 'i32'], errno: [4, 'i32'], code: [8, 'i32'], address: [16, 'u64'], process: [16, 'i32'], user: [20, 'i32'], status: [24, 'i32'],
  value: [24, 'u64'], band: [16, 'i64'], descriptor: [24, 'i32'],
});
// biome-ignore format: a table
const narrow = defineStruct(128, {
  signal: [0, 'i32'], errno: [4, 'i32'], code: [8, 'i32'], address: [12, 'u32'], process: [12, 'i32'], user: [16, 'i32'], status: [20, 'i32'],
  value: [20, 'u32'], band: [12, 'i32'], descriptor: [16, 'i32'],
});

/** Bytes of the structure in both forms. */
export const INFORMATION_BYTES = 128;

/** siginfo_t of a signal, for a program or call with words of that size. */
export function encodeInfo(info: SignalInfo, wordBytes: 4 | 8): Uint8Array {
  const layout = wordBytes === 4 ? narrow : wide;
  const { signal, code } = info;
  if (info.file !== undefined) return layout.encode({ signal, code, ...info.file });
  if (info.address !== undefined) return layout.encode({ signal, code, address: info.address });
  if (signal === Signal.CHLD) {
    return layout.encode({ signal, code, process: info.process ?? 0, user: info.user ?? 0, status: info.status ?? 0 });
  }
  const sender = { process: info.process ?? 0, user: info.user ?? 0 };
  return layout.encode(
    info.value === undefined ? { signal, code, ...sender } : { signal, code, ...sender, value: info.value },
  );
}

/** What sigqueue(3) gives along with a signal. */
export function decodeQueuedInfo(
  bytes: Uint8Array,
  wordBytes: 4 | 8,
): { code: number; process: number; user: number; value: bigint } {
  const { code, process, user } = (wordBytes === 4 ? narrow : wide).decode(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const value = wordBytes === 4 ? BigInt(view.getUint32(20, true)) : view.getBigUint64(24, true);
  return { code, process, user, value };
}
