// `ar` archives: members of the GNU, BSD and thin kinds, and the symbol index.
import { type ByteSource, sliceSource } from '../../byte-source.ts';
import { ParseError } from '../../parse-error.ts';
import { decodeCString, decodeText } from '../../text.ts';

const HEADER_SIZE = 60;
const MAGIC_SIZE = 8;
// PATH_MAX of the systems that write archives.
const LONGEST_NAME = 4096; // not a page size: PATH_MAX

/** One member. `names` and `symbols` are the archive's own tables, the rest are files. */
export interface ArchiveMember {
  readonly kind: 'file' | 'names' | 'symbols';
  /** The member's name; in a thin archive the path of the file that holds the data. */
  readonly name: string;
  /** File offset of the member's header. */
  readonly offset: number;
  /** File offset of the data; meaningless for files of a thin archive. */
  readonly dataOffset: number;
  readonly size: number;
  /** Seconds since 1970, owner, group and mode; 0 where the field is blank. */
  readonly date: number;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  /** The data, undefined when a thin archive keeps it in another file. */
  readonly source: ByteSource | undefined;
}

/** An opened archive. */
export interface Archive {
  readonly thin: boolean;
  /** Members in order, read one header at a time. Each call starts again. */
  members(): Generator<ArchiveMember>;
  /** The symbol index (GNU `/` and `/SYM64/`, BSD `__.SYMDEF`): which member's header offset defines which name. */
  symbols(): ReadonlyArray<{ readonly name: string; readonly memberOffset: number }>;
}

/** True when the bytes start with the magic of an ordinary or a thin archive. */
export function hasArchiveMagic(bytes: Uint8Array): boolean {
  const magic = decodeText(bytes, 0, Math.min(MAGIC_SIZE, bytes.length));
  return magic === '!<arch>\n' || magic === '!<thin>\n';
}

/**
 * Opens an archive (ar(5); the GNU extensions are described in binutils' include/aout/ar.h).
 *
 * @throws ParseError `bad-magic`; the iterators throw `truncated`, `malformed`.
 * @example
 * ```ts
 * for (const member of parseArchive(source).members())
 *   if (member.source && member.kind === 'file') console.log(member.name, parseElf(member.source).fileHeader.machine);
 * ```
 */
export function parseArchive(source: ByteSource): Archive {
  const magic = source.read(0, MAGIC_SIZE);
  if (!hasArchiveMagic(magic))
    throw new ParseError('bad-magic', 0, 'ar', 'The input does not start with the magic of an ar archive.');
  const thin = magic[2] === 0x74;
  const members = () => walk(source, thin);
  return {
    thin,
    members,
    symbols() {
      for (const member of members()) {
        if (member.kind === 'symbols' && member.source !== undefined) return readIndex(member);
        if (member.kind === 'file') break;
      }
      return [];
    },
  };
}

function* walk(source: ByteSource, thin: boolean): Generator<ArchiveMember> {
  let longNames: Uint8Array | undefined;
  let offset = MAGIC_SIZE;
  while (offset < source.size) {
    const member = readMember(source, offset, thin, longNames);
    if (member.kind === 'names' && member.source !== undefined) longNames = member.source.read(0, member.size);
    yield member;
    // Members start at even offsets. A thin archive has the data of its own tables only.
    const end = member.source === undefined ? offset + HEADER_SIZE : member.dataOffset + member.size;
    offset = end + (end % 2);
  }
}

function readMember(
  source: ByteSource,
  offset: number,
  thin: boolean,
  longNames: Uint8Array | undefined,
): ArchiveMember {
  const header = source.read(offset, HEADER_SIZE);
  if (header.length < HEADER_SIZE) {
    // One byte of padding behind an odd last member is not a member.
    throw new ParseError('truncated', offset, 'ar', 'The archive ends inside a member header.');
  }
  if (header[58] !== 0x60 || header[59] !== 0x0a)
    throw new ParseError('malformed', offset + 58, 'ar', 'A member header does not end with its two magic bytes.');
  const field = (start: number, length: number) => decodeText(header, start, start + length).trimEnd();
  const number = (start: number, length: number, base: 8 | 10) =>
    parseField(field(start, length), base, offset + start);
  const size = number(48, 10, 10);
  const raw = field(0, 16);
  const naming = nameOf(source, raw, offset, size, longNames);
  const external = thin && naming.kind === 'file';
  const dataOffset = offset + HEADER_SIZE + naming.inline;
  if (!external && dataOffset + size - naming.inline > source.size) {
    const sentence = `Member ${naming.name} claims ${size} bytes, more than the archive holds.`;
    throw new ParseError('truncated', offset + 48, 'ar', sentence);
  }
  return {
    kind: naming.kind,
    name: naming.name,
    offset,
    dataOffset,
    size: size - naming.inline,
    date: number(16, 12, 10),
    uid: number(28, 6, 10),
    gid: number(34, 6, 10),
    mode: number(40, 8, 8),
    source: external ? undefined : sliceSource(source, dataOffset, size - naming.inline),
  };
}

function parseField(text: string, base: 8 | 10, offset: number): number {
  if (text === '') return 0;
  const valid = base === 8 ? /^[0-7]+$/ : /^-?[0-9]+$/;
  if (!valid.test(text))
    throw new ParseError(
      'malformed',
      offset,
      'ar',
      `A member header holds ${JSON.stringify(text)} instead of a number.`,
    );
  return Math.max(0, Number.parseInt(text, base));
}

interface Naming {
  readonly kind: ArchiveMember['kind'];
  readonly name: string;
  /** Bytes of the data that are the name (BSD). */
  readonly inline: number;
}

function nameOf(
  source: ByteSource,
  raw: string,
  offset: number,
  size: number,
  longNames: Uint8Array | undefined,
): Naming {
  if (raw === '/' || raw === '/SYM64/') return { kind: 'symbols', name: raw, inline: 0 };
  if (raw === '//' || raw === 'ARFILENAMES/') return { kind: 'names', name: raw, inline: 0 };
  const bsd = /^#1\/(\d+)$/.exec(raw);
  if (bsd !== null) {
    const length = Number(bsd[1]);
    if (length > size) throw new ParseError('malformed', offset, 'ar', 'A BSD member name is longer than its member.');
    const name = decodeCString(source.read(offset + HEADER_SIZE, length));
    return { kind: name.startsWith('__.SYMDEF') ? 'symbols' : 'file', name, inline: length };
  }
  const gnu = /^\/(\d+)$/.exec(raw);
  if (gnu !== null) return { kind: 'file', name: longName(Number(gnu[1]), longNames, offset), inline: 0 };
  if (raw.startsWith('__.SYMDEF')) return { kind: 'symbols', name: raw, inline: 0 };
  return { kind: 'file', name: raw.endsWith('/') ? raw.slice(0, -1) : raw, inline: 0 };
}

/** A name in the `//` table ends with "/" and a line feed (a path of a thin archive may hold "/" itself). */
function longName(at: number, longNames: Uint8Array | undefined, offset: number): string {
  if (longNames === undefined || at >= longNames.length)
    throw new ParseError(
      'bad-index',
      offset,
      'ar',
      `A member name is at offset ${at} of a name table that is not there.`,
    );
  const feed = longNames.indexOf(0x0a, at);
  const end = feed === -1 ? longNames.length : feed;
  // Many members may share one name; one endless name must not be copied for each.
  if (end - at > LONGEST_NAME)
    throw new ParseError('limit', offset, 'ar', `A member name is longer than ${LONGEST_NAME} bytes.`);
  return decodeText(longNames, at, end > at && longNames[end - 1] === 0x2f ? end - 1 : end);
}

function readIndex(member: ArchiveMember): ReadonlyArray<{ readonly name: string; readonly memberOffset: number }> {
  const bytes = member.source!.read(0, member.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (member.name.startsWith('__.SYMDEF')) return readBsdIndex(member, bytes, view);
  const width = member.name === '/SYM64/' ? 8 : 4;
  const word = (at: number) => (width === 8 ? Number(view.getBigUint64(at)) : view.getUint32(at));
  const count = bytes.length < width ? 0 : word(0);
  if (width * (count + 1) > bytes.length)
    throw new ParseError(
      'malformed',
      member.dataOffset,
      'ar',
      `The symbol index claims ${count} symbols, more than it can hold.`,
    );
  let position = width * (count + 1);
  return Array.from({ length: count }, (_, index) => {
    const name = decodeCString(bytes, position);
    const end = bytes.indexOf(0, position);
    position = end === -1 ? bytes.length : end + 1;
    return { name, memberOffset: word(width * (index + 1)) };
  });
}

/** ranlib(5): byte size of the pairs, pairs of (name offset, member offset), byte size of the names, names; the machine's byte order. */
function readBsdIndex(member: ArchiveMember, bytes: Uint8Array, view: DataView) {
  const fits = (little: boolean) => bytes.length >= 8 && view.getUint32(0, little) <= bytes.length - 8;
  const little = fits(true);
  if (!little && !fits(false))
    throw new ParseError('malformed', member.dataOffset, 'ar', 'The BSD symbol index does not fit its member.');
  const pairs = Math.floor(view.getUint32(0, little) / 8);
  const namesAt = 8 + 8 * pairs;
  let budget = 8 * bytes.length;
  return Array.from({ length: pairs }, (_, index) => {
    const name = decodeCString(bytes, Math.min(bytes.length, namesAt + view.getUint32(4 + 8 * index, little)));
    budget -= name.length;
    if (budget < 0)
      throw new ParseError('limit', member.dataOffset, 'ar', 'The names of the BSD symbol index overlap.');
    return { name, memberOffset: view.getUint32(8 + 8 * index, little) };
  });
}
