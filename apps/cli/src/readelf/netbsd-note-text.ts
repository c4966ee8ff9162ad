// Notes of the owner NetBSD, whose value stands in the same line.
import { type ByteReader, decodeText } from '@elf/parse';
import { hex } from './number-text.ts';

const PAX_FLAGS = ['+mprotect', '-mprotect', '+guard', '-guard', '+ASLR', '-ASLR'];

/** The note in words (sys/exec_elf.h: NT_NETBSD_IDENT, NT_NETBSD_PAX, NT_NETBSD_MARCH). */
export function netbsdNoteText(reader: ByteReader, type: number): string {
  if (type === 1 && reader.length >= 4) {
    const version = reader.u32(0);
    return `IDENT ${version} (${versionText(version)})`;
  }
  if (type === 3 && reader.length >= 4) {
    const flags = reader.u32(0);
    return `PaX <${PAX_FLAGS.filter((_, bit) => (flags >> bit) & 1).join('')}>`;
  }
  if (type === 5) {
    const end = reader.bytes.indexOf(0);
    return `MARCH <${decodeText(reader.bytes, 0, end === -1 ? reader.length : end)}>`;
  }
  return `Unknown note type: (0x${hex(type, 8)})`;
}

/** NetBSD's version number: major, minor, release letter, patch (sys/param.h). */
function versionText(version: number): string {
  const major = Math.floor(version / 100_000_000);
  const minor = Math.floor(version / 1_000_000) % 100;
  const release = Math.floor(version / 10_000) % 100;
  const patch = Math.floor(version / 100) % 100;
  if (release === 0) return `${major}.${minor}.${patch}`;
  // readelf takes the letter from the number before it cuts the major and minor digits off.
  const letter = String.fromCharCode(65 + (Math.floor(version / 10_000) % 26));
  return `${major}.${minor}${release > 26 ? 'Z' : ''}${letter}`;
}
