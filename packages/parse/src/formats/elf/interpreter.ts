// PT_INTERP: the path of the program interpreter.
import { ParseError } from '../../parse-error.ts';
import { decodeText } from '../../text.ts';
import type { ElfFile } from './elf.ts';
import { PT } from './program-header.ts';

// PATH_MAX; Linux refuses longer ones (fs/binfmt_elf.c) and so do the other systems, with smaller limits.
const LONGEST_PATH = 4096n; // not a page size: PATH_MAX

/**
 * The path named by the first PT_INTERP, undefined when there is none. The path ends at the first NUL; the last byte must be one.
 *
 * @throws ParseError `malformed` for an empty, over-long or unterminated path, `truncated` (strict mode).
 */
export function readInterpreter(elf: ElfFile): string | undefined {
  const segment = elf.programHeaders.find((header) => header.type === PT.INTERP);
  if (segment === undefined) return undefined;
  if (segment.filesz < 2n || segment.filesz > LONGEST_PATH) {
    const sentence = `PT_INTERP holds ${segment.filesz} bytes; a path has 2 to ${LONGEST_PATH}.`;
    elf.complain(new ParseError('malformed', segment.offset, 'elf', sentence));
  }
  const size = segment.filesz > LONGEST_PATH ? LONGEST_PATH : segment.filesz;
  const bytes = elf.readBytes(segment.offset, size, 'PT_INTERP');
  if (bytes.length === 0 || bytes[bytes.length - 1] !== 0)
    elf.complain(new ParseError('malformed', segment.offset, 'elf', 'The path in PT_INTERP does not end with a NUL.'));
  const end = bytes.indexOf(0);
  return decodeText(bytes, 0, end === -1 ? bytes.length : end);
}
