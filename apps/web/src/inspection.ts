// What the page shows of a file: header facts, segments and sections, read lazily from a Blob by @elf/parse.
import { asyncReader, blobSource, type ElfFile, identify, ParseError, PF, PT } from '@elf/parse';
import { FILE_TYPE_NAME, MACHINE_NAME, OSABI_NAME, SEGMENT_TYPE_NAME } from '@elf/parse/names';

/** One program header, ready to show. */
export interface SegmentView {
  readonly index: number;
  readonly kind: string;
  readonly loaded: boolean;
  readonly offset: bigint;
  readonly address: bigint;
  readonly sizeInFile: bigint;
  readonly sizeInMemory: bigint;
  readonly alignment: bigint;
  /** `r-x` and the like. */
  readonly access: string;
}

/** A file that was looked into. */
export interface Inspection {
  readonly name: string;
  readonly sizeInBytes: number;
  /** How much of the file was read to show all this. */
  readonly bytesRead: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly segments: readonly SegmentView[];
  /** What is wrong with the file, one sentence each. */
  readonly problems: readonly string[];
}

/** A hexadecimal number as the page writes all of them. */
export const hexadecimal = (value: bigint): string => `0x${value.toString(16)}`;

/**
 * Looks into a file. Only headers are read, so that a file of any size opens at once.
 *
 * @throws ParseError when the file is no ELF file or its header cannot be read.
 */
export async function inspect(file: File): Promise<Inspection> {
  const reader = asyncReader(blobSource(file));
  const format = await reader.run(identify);
  if (format?.name !== 'elf') {
    const known = format ? `a file of the format "${format.name}"` : 'no executable format that is known here';
    throw new ParseError('bad-magic', 0, 'elf', `${file.name} is ${known}; the page shows ELF files.`);
  }
  // Permissive: a tool shows what is there and says what is wrong.
  const elf = await reader.run((source) => format.parse(source, { permissive: true }));
  const segments = await reader.run(() => segmentsOf(elf));
  const facts = await reader.run(() => factsOf(elf));
  return {
    name: file.name,
    sizeInBytes: file.size,
    bytesRead: reader.bytesRead,
    facts,
    segments,
    problems: elf.problems.map((problem) => problem.message),
  };
}

function segmentsOf(elf: ElfFile): SegmentView[] {
  return elf.programHeaders.map((header) => ({
    index: header.index,
    kind: SEGMENT_TYPE_NAME[header.type] ?? `0x${header.type.toString(16)}`,
    loaded: header.type === PT.LOAD,
    offset: header.offset,
    address: header.vaddr,
    sizeInFile: header.filesz,
    sizeInMemory: header.memsz,
    alignment: header.align,
    access: `${header.flags & PF.R ? 'r' : '-'}${header.flags & PF.W ? 'w' : '-'}${header.flags & PF.X ? 'x' : '-'}`,
  }));
}

function factsOf(elf: ElfFile): [string, string][] {
  const { elfClass, littleEndian, type, machine, osabi, entry } = elf.fileHeader;
  return [
    ['Class', `ELF${elfClass}, ${littleEndian ? 'little' : 'big'}-endian`],
    ['Type', FILE_TYPE_NAME[type]?.join(' ') ?? `0x${type.toString(16)}`],
    ['Machine', MACHINE_NAME[machine] ?? `number ${machine}`],
    ['System', OSABI_NAME[osabi] ?? `number ${osabi}`],
    ['Entry point', hexadecimal(entry)],
    ['Interpreter', elf.interpreter ?? 'none: statically linked or not a program'],
    ['Segments', String(elf.programHeaders.length)],
    ['Sections', String(elf.sectionHeaders.length)],
  ];
}
