// The meaning of notes, by owner and type: one table row per kind.
import type { ElfFile } from '../elf.ts';
import type { ElfNote } from '../note.ts';
import { type CoreNote, decodeCoreNote } from './core-note.ts';
import { decodeGnuNote, type GnuNote } from './gnu-note.ts';
import { decodeProbe, type ProbeNote } from './probe-note.ts';
import { decodeVendorNote, type VendorNote } from './vendor-note.ts';

/** A decoded note; `kind` tells which. */
export type DecodedNote = GnuNote | ProbeNote | VendorNote | CoreNote;

interface NoteRow {
  readonly owners: readonly string[];
  readonly decode: (elf: ElfFile, note: ElfNote) => DecodedNote | undefined;
}

const ET_CORE = 4;

// biome-ignore format: one row per line
const ROWS: readonly NoteRow[] = [
  { owners: ['GNU'],                                                        decode: decodeGnuNote },
  { owners: ['stapsdt'],                                                    decode: decodeProbe },
  { owners: ['FreeBSD', 'NetBSD', 'PaX', 'OpenBSD', 'DragonFly', 'Android', 'Go', 'FDO'], decode: decodeVendorNote },
  { owners: ['CORE', 'LINUX'],                                              decode: decodeCoreNote },
];

/**
 * Decodes a note. Undefined for an owner or type this package does not know, and for a description too short for its type: whoever prints
 * notes shows the raw bytes then.
 *
 * @example
 * ```ts
 * for (const note of elf.notes()) {
 *   const decoded = decodeNote(elf, note);
 *   if (decoded?.kind === 'gnu-build-id') console.log(decoded.buildId);
 * }
 * ```
 */
export function decodeNote(elf: ElfFile, note: ElfNote): DecodedNote | undefined {
  // Core files reuse owners' type numbers for registers and memory, which only "CORE" and "LINUX" define here.
  const core = elf.fileHeader.type === ET_CORE;
  const row = ROWS.find(({ owners }) => owners.includes(note.owner));
  if (row === undefined || core !== (row.decode === decodeCoreNote)) return undefined;
  return row.decode(elf, note);
}

/** The build id in hexadecimal, from the first NT_GNU_BUILD_ID; undefined without one. */
export function buildId(elf: ElfFile): string | undefined {
  for (const note of elf.notes()) {
    const decoded = decodeNote(elf, note);
    if (decoded?.kind === 'gnu-build-id') return decoded.buildId;
  }
  return undefined;
}
