// Writes ZIP archives for tests: stored and deflated members, data at chosen alignments, and fields that lie (APPNOTE.TXT 4.3).
import { deflateRawSync } from 'node:zlib';

/** A member to write. */
export interface BuiltMember {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly isCompressed?: boolean;
  /** The data starts at a multiple of this, with padding in the extra field as zipalign writes it. */
  readonly alignment?: number;
  /** Size the headers claim, instead of the true one. */
  readonly claimedBytes?: number;
  readonly method?: number;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

function crc32(bytes: Uint8Array): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC_TABLE[(value ^ byte) & 0xff];
  return ~value >>> 0;
}

/** The archive's bytes. */
export function buildZip(members: readonly BuiltMember[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, bytes, isCompressed, alignment = 1, claimedBytes, method } of members) {
    const data = isCompressed ? deflateRawSync(bytes) : Buffer.from(bytes);
    const nameBytes = Buffer.from(name);
    const unpadded = offset + 30 + nameBytes.length;
    const padding = (alignment - (unpadded % alignment)) % alignment;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method ?? (isCompressed ? 8 : 0), 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(data.length, 14);
    fields.writeUInt32LE(claimedBytes ?? bytes.length, 18);
    fields.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), fields, nameBytes, Buffer.alloc(padding), data]);
    local.writeUInt16LE(padding, 28);
    const central = Buffer.alloc(14);
    central.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00', 'latin1'), fields, central, nameBytes]));
    parts.push(local);
    offset += local.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...parts, listing, end]));
}
