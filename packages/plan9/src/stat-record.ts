// The directory entry of stat(5): what stat, fstat and reads of directories return and wstat takes.
import { fromBytes, toBytes } from '@elf/kernel';

/** Mode bits of a file (/sys/include/libc.h). */
export const FileMode = {
  Directory: 0x8000_0000,
  Append: 0x4000_0000,
  Exclusive: 0x2000_0000,
  Temporary: 0x0400_0000,
} as const;

/** Facts of one file. Strings are byte strings, times seconds since 1970. */
export interface FileFacts {
  /** Letter of the device that serves it, as a character number. */
  readonly type: number;
  readonly device: number;
  readonly version: number;
  /** The file's unique number: qid.path. */
  readonly id: bigint;
  /** DM bits and permissions. */
  readonly mode: number;
  readonly accessTime: number;
  readonly modifyTime: number;
  readonly length: bigint;
  readonly name: string;
  readonly user: string;
  readonly group: string;
  readonly modifier: string;
}

/** Bytes before the four strings, the size field included. */
const FIXED_BYTES = 41;
/** The smallest record: four empty strings. */
const MINIMUM_BYTES = 49;

/** True for a directory. */
export function isDirectory({ mode }: Pick<FileFacts, 'mode'>): boolean {
  return (mode & FileMode.Directory) !== 0;
}

/** The record of a file. */
export function encodeFacts(facts: FileFacts): Uint8Array {
  const strings = [facts.name, facts.user, facts.group, facts.modifier].map(toBytes);
  const bytes = new Uint8Array(strings.reduce((sum, each) => sum + 2 + each.length, FIXED_BYTES));
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bytes.length - 2, true);
  view.setUint16(2, facts.type, true);
  view.setUint32(4, facts.device, true);
  // qid.type is the mode's upper byte.
  view.setUint8(8, facts.mode >>> 24);
  view.setUint32(9, facts.version, true);
  view.setBigUint64(13, BigInt.asUintN(64, facts.id), true);
  view.setUint32(21, facts.mode, true);
  view.setUint32(25, facts.accessTime, true);
  view.setUint32(29, facts.modifyTime, true);
  view.setBigUint64(33, isDirectory(facts) ? 0n : facts.length, true);
  let at = FIXED_BYTES;
  for (const each of strings) {
    view.setUint16(at, each.length, true);
    bytes.set(each, at + 2);
    at += 2 + each.length;
  }
  return bytes;
}

/** The 116 bytes that stat had up to the 3rd edition (packoldstat of sysfile.c). */
export function encodeOldFacts(facts: FileFacts): Uint8Array {
  const bytes = new Uint8Array(116);
  const view = new DataView(bytes.buffer);
  [facts.name, facts.user, facts.group].forEach((text, index) => {
    bytes.set(toBytes(text).subarray(0, 27), index * 28);
  });
  const id = Number(BigInt.asUintN(31, facts.id));
  view.setUint32(84, (isDirectory(facts) ? id | 0x8000_0000 : id) >>> 0, true);
  view.setUint32(88, facts.version, true);
  view.setUint32(92, facts.mode, true);
  view.setUint32(96, facts.accessTime, true);
  view.setUint32(100, facts.modifyTime, true);
  view.setBigUint64(104, isDirectory(facts) ? 0n : facts.length, true);
  view.setUint16(112, facts.type, true);
  view.setUint16(114, facts.device, true);
  return bytes;
}

/** What wstat asks to change; absent fields stay. */
export interface FactsChange {
  readonly name?: string;
  readonly mode?: number;
  readonly modifyTime?: number;
  readonly length?: bigint;
  readonly group?: string;
}

/** Reads the record of wstat: all ones and empty strings mean "leave it". Undefined for a record that is none. */
export function decodeChange(bytes: Uint8Array): FactsChange | undefined {
  if (bytes.length < MINIMUM_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint16(0, true) + 2 !== bytes.length) return undefined;
  const strings: string[] = [];
  let at = FIXED_BYTES;
  for (let index = 0; index < 4; index++) {
    if (at + 2 > bytes.length) return undefined;
    const length = view.getUint16(at, true);
    if (at + 2 + length > bytes.length) return undefined;
    strings.push(fromBytes(bytes.subarray(at + 2, at + 2 + length)));
    at += 2 + length;
  }
  if (at !== bytes.length) return undefined;
  const [name, , group] = strings;
  const ones = (value: number) => (value === 0xffff_ffff ? undefined : value);
  const length = view.getBigUint64(33, true);
  return {
    name: name === '' ? undefined : name,
    mode: ones(view.getUint32(21, true)),
    modifyTime: ones(view.getUint32(29, true)),
    length: length === 0xffff_ffff_ffff_ffffn ? undefined : length,
    group: group === '' ? undefined : group,
  };
}
