// Public names of @elf/parse/interp: the program interpreter's path from an open descriptor, and nothing else of this package.

/** Fills `buffer` from the file at `position`, returns how many bytes were read: the shape of `fs.readSync`. */
export type ReadAt = (buffer: Uint8Array, position: number) => number;

// PATH_MAX: no system accepts a longer path here.
const LONGEST_PATH = 4096; // not a page size: PATH_MAX
const PT_INTERP = 3;

/**
 * The path in PT_INTERP (`/lib64/ld-linux-x86-64.so.2`, `/lib/ld-musl-x86_64.so.1` ...), which tells glibc from musl without running
 * anything. Reads the file header, the program headers wherever they are, and the path: a few hundred bytes of any file. 32- and 64-bit, both
 * byte orders. Null when the file is not ELF, is static, or is damaged; it never throws itself, errors of `read` pass through.
 *
 * @example
 * ```ts
 * const path = readInterp((buffer, position) => readSync(descriptor, buffer, 0, buffer.length, position));
 * const libc = path?.includes('musl') ? 'musl' : 'glibc';
 * ```
 */
export function readInterp(read: ReadAt): string | null {
  const header = new Uint8Array(64);
  const got = read(header, 0);
  const view = new DataView(header.buffer);
  if (got < 52 || view.getUint32(0) !== 0x7f454c46) return null;
  const wide = header[4] === 2;
  const little = header[5] !== 2;
  // In both classes e_phoff follows e_entry, and e_phentsize and e_phnum lie 10 and 8 bytes before the section fields' end.
  const tableAt = wordAt(view, wide ? 32 : 28, wide, little);
  const entrySize = view.getUint16(wide ? 54 : 42, little);
  const count = view.getUint16(wide ? 56 : 44, little);
  const needed = wide ? 56 : 32;
  if ((wide && got < 64) || entrySize < needed || tableAt === 0) return null;
  // A few entries a read, so that a lying e_phnum cannot make us allocate.
  const batch = Math.max(1, Math.floor(LONGEST_PATH / entrySize));
  for (let index = 0; index < count; index += batch) {
    const table = new Uint8Array(Math.min(batch, count - index) * entrySize);
    const length = readFrom(read, table, tableAt + index * entrySize);
    const entries = new DataView(table.buffer);
    for (let at = 0; at + entrySize <= length; at += entrySize) {
      if (entries.getUint32(at, little) !== PT_INTERP) continue;
      return pathAt(
        read,
        wordAt(entries, at + (wide ? 8 : 4), wide, little),
        wordAt(entries, at + (wide ? 32 : 16), wide, little),
      );
    }
    if (length < table.length) return null;
  }
  return null;
}

function pathAt(read: ReadAt, position: number, size: number): string | null {
  if (size < 2 || size > LONGEST_PATH) return null;
  const bytes = new Uint8Array(size);
  const end = readFrom(read, bytes, position) === size ? bytes.indexOf(0) : -1;
  return end < 1 ? null : decodePath(bytes.subarray(0, end));
}

/** A position beyond 2^53 is beyond the end of every file. */
function readFrom(read: ReadAt, buffer: Uint8Array, position: number): number {
  return Number.isSafeInteger(position) ? read(buffer, position) : 0;
}

function wordAt(view: DataView, offset: number, wide: boolean, little: boolean): number {
  return wide ? Number(view.getBigUint64(offset, little)) : view.getUint32(offset, little);
}

/** UTF-8 by way of percent escapes, the smallest decoder the language has; bytes that are not UTF-8 are taken as Latin-1. */
function decodePath(bytes: Uint8Array): string {
  let escaped = '';
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, '0')}`;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return String.fromCharCode(...bytes);
  }
}
