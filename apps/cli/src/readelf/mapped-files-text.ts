// NT_FILE of a core file: which files were mapped where.
import { decodeText, type ElfFile } from '@elf/parse';
import { hex } from './number-text.ts';

/** The list of mappings. binutils 2.40 built as Debian does refuses 64-bit ones; its later versions print what we do. */
export function mappedFilesText(elf: ElfFile, description: Uint8Array): string {
  const word = elf.wordSize;
  const reader = elf.reader(description);
  if (description.length < 2 * word) return '    Malformed note - too short for header\n';
  if (description[description.length - 1] !== 0) return '    Malformed note - does not end with \\0\n';
  const count = reader.word(0, word);
  const pageSize = reader.word(word, word);
  if (count > BigInt(Math.floor(description.length / (3 * word))))
    return '    Malformed note - too short for supplied file count\n';
  const width = 2 + 2 * word;
  let text = `    Page size: ${pageSize}\n    ${'Start'.padStart(width)}${'End'.padStart(width + 2)}${'Page Offset'.padStart(width + 2)}\n`;
  let position = 2 * word;
  let nameAt = position + Number(count) * 3 * word;
  for (let index = 0; index < Number(count); index++) {
    const end = description.indexOf(0, nameAt);
    if (end === -1) return `${text}   Malformed note - filenames end too early\n`;
    const words = [0, 1, 2].map((field) => `0x${hex(reader.word(position + field * word, word), 2 * word)}`);
    text += `    ${words.join('  ')}\n        ${decodeText(description, nameAt, end)}\n`;
    position += 3 * word;
    nameAt = end + 1;
  }
  return text;
}
