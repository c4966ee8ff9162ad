// Opens each file, prints the parts that the options ask for in readelf's order, and tells archives from objects.
import { statSync } from 'node:fs';
import {
  type ByteSource,
  type ElfFile,
  hasArchiveMagic,
  hasElfMagic,
  ParseError,
  parseArchive,
  parseElf,
} from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { printArchitecture } from './architecture-text.ts';
import { printDynamicSection } from './dynamic-section.ts';
import { machineText, printFileHeader } from './file-header-text.ts';
import { printHexDump, printStringDump, sectionsNamed } from './hex-dump.ts';
import { printHistograms } from './histogram.ts';
import { elfToJson } from './json-document.ts';
import { printNotes } from './notes-text.ts';
import { Output, type TextStreams } from './output.ts';
import { printProgramHeaders } from './program-header-table.ts';
import { type ReadelfFile, sectionNamesOf } from './readelf-file.ts';
import type { DumpRequest, ReadelfOptions } from './readelf-options.ts';
import { printRelocations } from './relocation-table-text.ts';
import { printSectionGroups, printSectionTable } from './section-table.ts';
import { printSymbolTables } from './symbol-table-text.ts';
import { printVersionSections } from './version-sections.ts';

type RunOptions = Extract<ReadelfOptions, { kind: 'run' }>;

/** Prints every file; the exit status is 1 when one of them failed. */
export function printFiles(options: RunOptions, io: TextStreams): number {
  const output = new Output(io);
  let failed = false;
  for (const path of options.files) {
    if (!printPath(options, path, output)) failed = true;
    output.flush();
  }
  return failed ? 1 : 0;
}

function printPath(options: RunOptions, path: string, output: Output): boolean {
  const problem = unreadable(path);
  if (problem !== undefined) {
    output.message(`readelf: Error: ${problem}\n`);
    return false;
  }
  const source = openFileSource(path);
  try {
    const magic = source.read(0, 8);
    const isArchive = hasArchiveMagic(magic);
    if (isArchive) return printArchive(options, path, source, output);
    if (options.files.length > 1 && !options.show.json) output.write(`\nFile: ${path}\n`);
    return printSource(options, path, source, output);
  } finally {
    if (options.show.stats)
      output.message(`${path}: read ${source.bytesRead} bytes of ${source.size} in ${source.reads} reads\n`);
    source.close();
  }
}

function unreadable(path: string): string | undefined {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) return `'${path}': No such file`;
  if (!status.isFile()) return `'${path}' is not an ordinary file`;
  return undefined;
}

function printArchive(options: RunOptions, path: string, source: ByteSource, output: Output): boolean {
  let good = true;
  try {
    for (const member of parseArchive(source).members()) {
      if (member.kind !== 'file' || member.source === undefined) continue;
      const name = `${path}(${member.name})`;
      if (!options.show.json) output.write(`\nFile: ${name}\n`);
      if (!printSource(options, name, member.source, output)) good = false;
    }
  } catch (error) {
    if (!ParseError.isInstance(error)) throw error;
    output.message(`readelf: Error: ${path}: ${error.message}\n`);
    return false;
  }
  return good;
}

function printSource(options: RunOptions, name: string, source: ByteSource, output: Output): boolean {
  const start = source.read(0, 64);
  if (start.length < 52) {
    output.message(`readelf: Error: ${name}: Failed to read file header\n`);
    return false;
  }
  if (!hasElfMagic(start)) {
    output.message('readelf: Error: Not an ELF file - it has the wrong magic bytes at the start\n');
    return false;
  }
  try {
    const elf = parseElf(source, { permissive: true });
    const state = { failed: false };
    const file: ReadelfFile = {
      elf,
      output,
      names: sectionNamesOf(elf),
      wide: options.show.wide,
      warn: (sentence) => output.message(`readelf: Warning: ${sentence}\n`),
      error: (sentence) => {
        state.failed = true;
        output.message(`readelf: Error: ${sentence}\n`);
      },
    };
    if (options.show.json) output.write(`${JSON.stringify(elfToJson(elf, name, options.show), undefined, 2)}\n`);
    else printParts(options, file);
    return reportProblems(elf, file) && !state.failed;
  } catch (error) {
    if (!ParseError.isInstance(error)) throw error;
    output.message(`readelf: Error: ${name}: ${error.message}\n`);
    return false;
  }
}

/** What the permissive parser had to overlook is said once, at the end; only then the status tells of it too. */
function reportProblems(elf: ElfFile, file: ReadelfFile): boolean {
  for (const { message, offset } of elf.problems) file.warn(`offset 0x${offset.toString(16)}: ${message}`);
  return elf.problems.length === 0;
}

function printParts({ show, dumps }: RunOptions, file: ReadelfFile): void {
  if (show.header) printFileHeader(file);
  if (show.sections) printSectionTable(file, show.header);
  if (show.groups) printSectionGroups(file);
  if (show.segments) printProgramHeaders(file, show.header);
  if (show.dynamic) printDynamicSection(file);
  if (show.relocations) printRelocations(file);
  if (show.unwind) printUnwind(file);
  if (show.symbols || show.dynamicSymbols) printSymbolTables(file, show.symbols, show.dynamicSymbols);
  if (show.histogram) printHistograms(file);
  if (show.versions) printVersionSections(file);
  if (dumps.length > 0) printDumps(file, dumps);
  if (show.notes) printNotes(file);
  if (show.architecture) printArchitecture(file);
}

/** Dumps in the order of the sections, bytes before strings; requests for sections that do not exist are named last. */
function printDumps(file: ReadelfFile, dumps: readonly DumpRequest[]): void {
  const wanted = dumps.map((dump) => ({ ...dump, found: sectionsNamed(file, dump.section) }));
  for (const section of file.elf.sectionHeaders) {
    const hows = new Set(wanted.filter(({ found }) => found.includes(section)).map(({ how }) => how));
    if (hows.has('bytes')) printHexDump(file, section);
    if (hows.has('strings')) printStringDump(file, section);
  }
  for (const { section, found } of wanted) {
    if (found.length > 0) continue;
    const isNumber = /^\d+$/.test(section);
    file.warn(
      isNumber
        ? `Section ${section} was not dumped because it does not exist!`
        : `Section '${section}' was not dumped because it does not exist`,
    );
  }
}

// Machines whose unwind tables readelf decodes; we do not, and say so. For x86 there is nothing to decode.
const DECODED_UNWIND: readonly number[] = [15, 40, 50, 140];
const NO_UNWIND: readonly number[] = [3, 6, 62];

function printUnwind(file: ReadelfFile): void {
  const { machine } = file.elf.fileHeader;
  const { output } = file;
  if (DECODED_UNWIND.includes(machine)) file.warn('unwind tables are not decoded by elf readelf');
  else if (NO_UNWIND.includes(machine)) output.write('No processor specific unwind information to decode\n');
  else {
    const name = machineText(machine);
    output.write(`\nThe decoding of unwind sections for machine type ${name} is not currently supported.\n`);
  }
}
