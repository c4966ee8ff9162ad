// Notes owned by "GNU": ABI tag, hardware capabilities, build id, gold's version, program properties.
import { decodeCString, toHex } from '../../../text.ts';
import type { ElfFile } from '../elf.ts';
import type { ElfNote } from '../note.ts';

/** A program property (Linux Extensions to gABI, "Program Property"). */
export interface ProgramProperty {
  readonly type: number;
  readonly data: Uint8Array;
  /** The data as a number when it has 4 or 8 bytes. */
  readonly value: bigint | undefined;
}

/** Decoded notes of this owner. */
export type GnuNote =
  | { readonly kind: 'gnu-abi-tag'; readonly system: string; readonly version: readonly [number, number, number] }
  | { readonly kind: 'gnu-build-id'; readonly buildId: string }
  | { readonly kind: 'gnu-gold-version'; readonly version: string }
  | { readonly kind: 'gnu-hwcap'; readonly count: number; readonly mask: number }
  | {
      readonly kind: 'gnu-property';
      readonly properties: readonly ProgramProperty[];
      /** True when an entry claims more bytes than there are; the entries before it are given. */
      readonly damaged: boolean;
    };

// glibc's elf.h: ELF_NOTE_OS_..., in order of their numbers.
const SYSTEMS = ['Linux', 'GNU', 'Solaris 2', 'FreeBSD', 'NetBSD', 'Syllable', 'NaCl'];

export const NT_GNU_ABI_TAG = 1;
export const NT_GNU_HWCAP = 2;
export const NT_GNU_BUILD_ID = 3;
export const NT_GNU_GOLD_VERSION = 4;
export const NT_GNU_PROPERTY_TYPE_0 = 5;

/** Decodes a note of owner "GNU". */
export function decodeGnuNote(elf: ElfFile, note: ElfNote): GnuNote | undefined {
  const reader = elf.reader(note.description);
  switch (note.type) {
    case NT_GNU_ABI_TAG: {
      if (reader.length < 16) return undefined;
      const number = reader.u32(0);
      const version = [reader.u32(4), reader.u32(8), reader.u32(12)] as const;
      return { kind: 'gnu-abi-tag', system: SYSTEMS[number] ?? `system ${number}`, version };
    }
    case NT_GNU_HWCAP:
      return reader.length < 8 ? undefined : { kind: 'gnu-hwcap', count: reader.u32(0), mask: reader.u32(4) };
    case NT_GNU_BUILD_ID:
      return { kind: 'gnu-build-id', buildId: toHex(note.description) };
    case NT_GNU_GOLD_VERSION:
      return { kind: 'gnu-gold-version', version: decodeCString(note.description) };
    case NT_GNU_PROPERTY_TYPE_0:
      return decodeProperties(elf, note);
    default:
      return undefined;
  }
}

/** Entries of type, size and data, padded to the word size. */
function decodeProperties(elf: ElfFile, note: ElfNote): GnuNote {
  const reader = elf.reader(note.description);
  const properties: ProgramProperty[] = [];
  let position = 0;
  while (position + 8 <= reader.length) {
    const size = reader.u32(position + 4);
    const end = position + 8 + size;
    if (end > reader.length) return { kind: 'gnu-property', properties, damaged: true };
    const value = size === 4 ? BigInt(reader.u32(position + 8)) : size === 8 ? reader.u64(position + 8) : undefined;
    properties.push({ type: reader.u32(position), data: reader.bytes.subarray(position + 8, end), value });
    position = Math.ceil(end / elf.wordSize) * elf.wordSize;
  }
  return { kind: 'gnu-property', properties, damaged: position < reader.length };
}
