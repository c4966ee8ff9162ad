// Notes owned by "stapsdt": static probes of SystemTap and DTrace (sys/sdt.h).
import { decodeText } from '../../../text.ts';
import type { ElfFile } from '../elf.ts';
import type { ElfNote } from '../note.ts';

/** One static probe. */
export interface ProbeNote {
  readonly kind: 'probe';
  /** Address of the probe's no-operation instruction. */
  readonly location: bigint;
  /** Address of .stapsdt.base when it was linked: tells by how much prelink has moved the file. */
  readonly base: bigint;
  /** Address of the counter that arms the probe; 0 for none. */
  readonly semaphore: bigint;
  readonly provider: string;
  readonly name: string;
  /** Where the arguments are, in assembler notation. */
  readonly arguments: string;
}

const NT_STAPSDT = 3;

/** Decodes a note of owner "stapsdt": three words and three strings. */
export function decodeProbe(elf: ElfFile, note: ElfNote): ProbeNote | undefined {
  const reader = elf.reader(note.description);
  const word = elf.wordSize;
  if (note.type !== NT_STAPSDT || reader.length < 3 * word) return undefined;
  const strings: string[] = [];
  let position = 3 * word;
  for (let index = 0; index < 3; index++) {
    const end = reader.bytes.indexOf(0, position);
    if (end === -1) return undefined;
    strings.push(decodeText(reader.bytes, position, end));
    position = end + 1;
  }
  return {
    kind: 'probe',
    location: reader.word(0, word),
    base: reader.word(word, word),
    semaphore: reader.word(2 * word, word),
    provider: strings[0],
    name: strings[1],
    arguments: strings[2],
  };
}
