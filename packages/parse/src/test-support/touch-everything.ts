// Calls every accessor of the package on one input: what the fuzzer demands to be bounded and to throw nothing but ParseError.
import type { ByteSource } from '../byte-source.ts';
import {
  DT,
  debugAlternateLink,
  debugLink,
  decodeNote,
  dynamicNames,
  dynamicRelocations,
  type ElfFile,
  FORMATS,
  functionArrays,
  gnuChainLengths,
  gnuLookup,
  identify,
  neededLibraries,
  ParseError,
  parseArchive,
  parseElf,
  parsePlan9,
  parseScript,
  programProperties,
  readExceptionFrameHeader,
  readGnuHash,
  readSymbolVersions,
  readSysvHash,
  relocationTables,
  relroRange,
  relrTables,
  sectionCompression,
  sectionContent,
  sectionSegmentMap,
  sharedObjectName,
  stackRequest,
  sysvChainLengths,
  sysvLookup,
  threadLocalTemplate,
  toolFingerprint,
} from '../index.ts';
import { readInterp } from '../interp.ts';

/** Runs one step; a ParseError is an answer, everything else is a bug. Steps are apart so that one refusal does not hide the others. */
function attempt(step: () => unknown): boolean {
  try {
    step();
    return true;
  } catch (error) {
    if (ParseError.isInstance(error)) return false;
    throw error;
  }
}

function count(values: Iterable<unknown>): number {
  let total = 0;
  for (const _ of values) total++;
  return total;
}

// A decompressor that trusts its argument: what a bomb would exploit.
const expand = (_: Uint8Array, size: number) => new Uint8Array(size);

/** One step per accessor. */
const ELF_STEPS: ReadonlyArray<(elf: ElfFile) => unknown> = [
  (elf) => elf.programHeaders,
  (elf) => elf.sectionHeaders,
  (elf) => elf.sectionHeaders.map((section) => elf.sectionName(section)),
  (elf) => elf.sectionHeaders.map((section) => elf.sectionData(section)),
  (elf) => elf.programHeaders.map((segment) => elf.segmentData(segment)),
  (elf) => elf.interpreter,
  (elf) => elf.offsetOf(elf.fileHeader.entry),
  (elf) => dynamicNames(elf, DT.RUNPATH),
  (elf) => [neededLibraries(elf), sharedObjectName(elf)],
  (elf) => count(elf.symbols('symtab') ?? []),
  (elf) => count(elf.symbols('dynsym') ?? []),
  (elf) => elf.symbolAt(elf.fileHeader.entry),
  (elf) => elf.notes().map((note) => decodeNote(elf, note)),
  (elf) => readSymbolVersions(elf).versionOf(2),
  (elf) => sysvSteps(elf),
  (elf) => gnuSteps(elf),
  (elf) => Array.from(relocationTables(elf), count),
  (elf) => dynamicRelocations(elf).map(count),
  (elf) => relrTables(elf).map(count),
  (elf) => sectionSegmentMap(elf),
  (elf) => functionArrays(elf),
  (elf) => [debugLink(elf), debugAlternateLink(elf)],
  (elf) => elf.sectionHeaders.map((section) => sectionCompression(elf, section)),
  (elf) =>
    elf.sectionHeaders.map((section) =>
      sectionContent(elf, section, { zlib: expand, zstd: expand, maximumBytes: 65_536 }),
    ),
  (elf) => exceptionSteps(elf),
  (elf) => [stackRequest(elf), relroRange(elf), threadLocalTemplate(elf)?.image(), programProperties(elf)],
  (elf) => toolFingerprint(elf),
];

/** Calls that a sound file refuses too: things taken for what they are not. */
const ABUSE_STEPS: ReadonlyArray<(elf: ElfFile) => unknown> = [
  (elf) => elf.dynamicEntries().map(({ tag }) => dynamicNames(elf, tag)),
  (elf) => elf.sectionHeaders.map((section) => count(elf.symbols(section) ?? [])),
];

function sysvSteps(elf: ElfFile): void {
  const hash = readSysvHash(elf);
  const symbols = elf.symbols('dynsym');
  if (hash === undefined) return;
  sysvChainLengths(elf, hash);
  if (symbols !== undefined) sysvLookup(elf, hash, symbols, 'alpha');
}

function gnuSteps(elf: ElfFile): void {
  const hash = readGnuHash(elf);
  const symbols = elf.symbols('dynsym');
  if (hash === undefined) return;
  gnuChainLengths(elf, hash);
  if (symbols !== undefined) gnuLookup(elf, hash, symbols, 'alpha');
}

function exceptionSteps(elf: ElfFile): void {
  const header = readExceptionFrameHeader(elf);
  for (let index = 0; index < Math.min(header?.count ?? 0, 1000); index++) header?.at(index);
}

/** How many steps succeeded and how many were refused with a ParseError. */
export interface Touched {
  accepted: number;
  refused: number;
}

/** Touches everything, strict and permissive. Without `abuse` a sound ELF file is refused only by the parsers of other formats. */
export function touchEverything(source: ByteSource, abuse = true): Touched {
  const touched = { accepted: 0, refused: 0 };
  const step = (run: () => unknown) => {
    if (attempt(run)) touched.accepted++;
    else touched.refused++;
  };
  step(() => identify(source));
  for (const format of FORMATS) if (format.name !== 'elf') step(() => format.parse(source));
  for (const permissive of [false, true]) {
    let elf: ElfFile | undefined;
    step(() => {
      elf = parseElf(source, { permissive });
    });
    if (elf === undefined) continue;
    const opened = elf;
    for (const run of abuse ? [...ELF_STEPS, ...ABUSE_STEPS] : ELF_STEPS) step(() => run(opened));
  }
  step(() => readInterp((buffer, position) => copyInto(source, buffer, position)));
  step(() => {
    const archive = parseArchive(source);
    step(() => count(archive.members()));
    step(() => archive.symbols());
  });
  step(() => {
    const program = parsePlan9(source);
    step(() => program.symbols());
    step(() => count(program.lines()));
    step(() => program.symbolAt(program.header.entry));
    step(() => [program.text(), program.data()]);
  });
  step(() => parseScript(source));
  return touched;
}

function copyInto(source: ByteSource, buffer: Uint8Array, position: number): number {
  const bytes = source.read(position, buffer.length);
  buffer.set(bytes);
  return bytes.length;
}
