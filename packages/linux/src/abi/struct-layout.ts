// Structures in guest memory as data: a size and fields at offsets, read and written without padding surprises.
import type { Thread } from '@elf/kernel';

/** Integer widths a field can have; `bytes` takes its length from the row. */
export type FieldType = 'u8' | 'u16' | 'u32' | 'i32' | 'u64' | 'i64' | 'bytes';
/** Offset, type and, for bytes, length. */
export type FieldRow = readonly [offset: number, type: FieldType, length?: number];
/** A value of a field. 64-bit fields take numbers or bigints. */
export type FieldValue = number | bigint | Uint8Array;

/** A structure: encodes records to bytes and back. Fields that are not given are zero. */
export interface StructLayout<Name extends string> {
  readonly sizeInBytes: number;
  /** The structure as calls of the i386 ABI have it; absent where both have the same. */
  readonly narrow?: NarrowLayout<Name>;
  encode(values: Readonly<Partial<Record<Name, FieldValue>>>): Uint8Array;
  /** Integers as numbers (64-bit ones exact below 2^53). Bytes fields are not decoded. */
  decode(bytes: Uint8Array): Record<Name, number>;
}

/** The i386 form of a structure. */
export interface NarrowLayout<Name extends string> {
  readonly layout: StructLayout<Name>;
  /** Rows of this variant use the wide form there too. */
  readonly exceptVariant?: string;
}

/** The form of a structure that the call in progress means. */
export function layoutFor<Name extends string>(task: Thread, layout: StructLayout<Name>): StructLayout<Name> {
  const { narrow } = layout;
  if (narrow === undefined || task.wordBytes === 8) return layout;
  const isExcepted = narrow.exceptVariant !== undefined && task.call?.row.variant === narrow.exceptVariant;
  return isExcepted ? layout : narrow.layout;
}

/**
 * Defines a structure, and with `narrow` how calls of the i386 ABI have it.
 * @example
 * const timespec = defineStruct(16, { seconds: [0, 'i64'], nanoseconds: [8, 'i64'] });
 */
export function defineStruct<Name extends string>(
  sizeInBytes: number,
  fields: Readonly<Record<Name, FieldRow>>,
  narrow?: NarrowLayout<Name>,
): StructLayout<Name> {
  const rows = Object.entries(fields) as [Name, FieldRow][];
  return {
    sizeInBytes,
    narrow,
    encode: (values) => {
      const bytes = new Uint8Array(sizeInBytes);
      const view = new DataView(bytes.buffer);
      for (const [name, row] of rows) {
        const value = values[name];
        if (value !== undefined) writeField(view, row, value);
      }
      return bytes;
    },
    decode: (bytes) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      return Object.fromEntries(rows.map(([name, row]) => [name, readField(view, row)])) as Record<Name, number>;
    },
  };
}

function writeField(view: DataView, [offset, type, length]: FieldRow, value: FieldValue): void {
  if (value instanceof Uint8Array) {
    new Uint8Array(view.buffer, view.byteOffset + offset, length).set(value.subarray(0, length));
    return;
  }
  if (type === 'u64' || type === 'i64') {
    view.setBigUint64(offset, BigInt.asUintN(64, typeof value === 'bigint' ? value : BigInt(Math.trunc(value))), true);
    return;
  }
  const low = typeof value === 'bigint' ? Number(BigInt.asIntN(32, value)) : value;
  if (type === 'u8') view.setUint8(offset, low);
  else if (type === 'u16') view.setUint16(offset, low, true);
  else view.setUint32(offset, low, true);
}

function readField(view: DataView, [offset, type]: FieldRow): number {
  switch (type) {
    case 'u8':
      return view.getUint8(offset);
    case 'u16':
      return view.getUint16(offset, true);
    case 'u32':
      return view.getUint32(offset, true);
    case 'i32':
      return view.getInt32(offset, true);
    case 'u64':
      return Number(view.getBigUint64(offset, true));
    case 'i64':
      return Number(view.getBigInt64(offset, true));
    default:
      return 0;
  }
}
