// Notes: the (owner, type, description) records of PT_NOTE and SHT_NOTE.
import { ParseError } from '../../parse-error.ts';
import { decodeText } from '../../text.ts';
import type { ElfFile } from './elf.ts';
import { PT } from './program-header.ts';
import { SHT } from './section-header.ts';

/** One note. `decodeNote` gives the meaning of the ones whose owner is known. */
export interface ElfNote {
  /** The owner's name up to the first NUL, for instance "GNU". */
  readonly owner: string;
  readonly type: number;
  readonly description: Uint8Array;
  /** File offset of the note's header. */
  readonly offset: bigint;
  /** File offset of the description. */
  readonly descriptionOffset: bigint;
  /** Size of the name field as it is in the file, terminator included. */
  readonly nameSize: number;
}

/** Where to read notes from: a segment, a section or any range of the file. */
export interface NoteRange {
  readonly offset: bigint;
  readonly size: bigint;
  readonly align: bigint;
}

/**
 * Notes of all PT_NOTE segments, or of all SHT_NOTE sections in a file without program headers (an object file).
 *
 * @throws ParseError as {@link notesIn}; `limit` when the tables overlap so much that their notes cannot all be in the file (strict mode).
 */
export function readNotes(elf: ElfFile): readonly ElfNote[] {
  const notes: ElfNote[] = [];
  let budget = BigInt(elf.source.size);
  for (const range of noteRanges(elf)) {
    const table = notesIn(elf, range);
    budget -= BigInt(table.length) * 12n;
    if (budget < 0n) {
      elf.complain(
        new ParseError(
          'limit',
          range.offset,
          'elf',
          'The note tables hold more notes than fit the file: they overlap.',
        ),
      );
      break;
    }
    for (const note of table) notes.push(note);
  }
  return notes;
}

function noteRanges(elf: ElfFile): NoteRange[] {
  if (elf.programHeaders.length > 0)
    return elf.programHeaders
      .filter(({ type }) => type === PT.NOTE)
      .map(({ offset, filesz, align }) => ({ offset, size: filesz, align }));
  return elf.sectionHeaders
    .filter(({ type }) => type === SHT.NOTE)
    .map(({ offset, size, addralign }) => ({ offset, size, align: addralign }));
}

/**
 * The notes in a range. Name and description are padded to 8 bytes when the range's alignment is 8 (gABI for ELF64, which only
 * .note.gnu.property follows), to 4 otherwise.
 *
 * @throws ParseError `truncated`, `malformed` (strict mode).
 */
export function notesIn(elf: ElfFile, range: NoteRange): readonly ElfNote[] {
  const reader = elf.reader(elf.readBytes(range.offset, range.size, 'a note table'));
  const padding = range.align === 8n ? 8 : 4;
  const notes: ElfNote[] = [];
  let position = 0;
  while (position + 12 <= reader.length) {
    const nameSize = reader.u32(position);
    const descriptionSize = reader.u32(position + 4);
    const descriptionAt = roundUp(position + 12 + nameSize, padding);
    const end = descriptionAt + descriptionSize;
    if (end > reader.length) {
      const sentence = `A note of ${nameSize} + ${descriptionSize} bytes runs past the end of its table.`;
      elf.complain(new ParseError('malformed', range.offset + BigInt(position), 'elf', sentence));
      break;
    }
    const nameEnd = reader.bytes.indexOf(0, position + 12);
    const nameLimit = position + 12 + nameSize;
    notes.push({
      owner: decodeText(reader.bytes, position + 12, nameEnd === -1 || nameEnd > nameLimit ? nameLimit : nameEnd),
      type: reader.u32(position + 8),
      description: reader.bytes.subarray(descriptionAt, end),
      offset: range.offset + BigInt(position),
      descriptionOffset: range.offset + BigInt(descriptionAt),
      nameSize,
    });
    position = roundUp(end, padding);
  }
  return notes;
}

// Sizes are below 2^32, so sums are exact as doubles; bit operators would cut them at 32 bits.
function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
