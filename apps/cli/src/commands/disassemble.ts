// `elf disassemble`: prints the code of ELF files as GNU objdump -d does.
import { hasElfMagic, ParseError, parseElf } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { DISASSEMBLE_USAGE, parseDisassembleArguments } from '../disassemble/disassemble-options.ts';
import { Listing, type ListingRequest } from '../disassemble/listing.ts';
import { Output, type TextStreams } from '../readelf/output.ts';

const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const EM_386 = 3;
const EM_X86_64 = 62;

/**
 * Runs the command with the words behind its name. Exit status: 0, 1 when a file could not be read or is for another machine, 2 usage.
 *
 * @example
 * ```ts
 * disassembleCommand(['--intel', '-j', '.text', '/bin/true'], { stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text) });
 * ```
 */
export function disassembleCommand(args: readonly string[], io: TextStreams): number {
  const options = parseDisassembleArguments(args);
  if ('help' in options) {
    io.stdout(DISASSEMBLE_USAGE);
    return EXIT_OK;
  }
  if ('mistake' in options) {
    io.stderr(`elf disassemble: ${options.mistake}\nelf disassemble --help shows the options.\n`);
    return EXIT_USAGE;
  }
  const output = new Output(io);
  let failed = false;
  for (const path of options.files) {
    const problem = printFile(path, options.request, output);
    output.flush();
    if (problem === undefined) continue;
    io.stderr(`elf disassemble: ${path}: ${problem}\n`);
    failed = true;
  }
  return failed ? EXIT_FAILED : EXIT_OK;
}

/** Prints one file; answers why it could not. */
function printFile(path: string, request: ListingRequest, output: Output): string | undefined {
  let source: ReturnType<typeof openFileSource>;
  try {
    source = openFileSource(path);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  try {
    if (!hasElfMagic(source.read(0, 4))) return 'not an ELF file; only ELF files are disassembled';
    const elf = parseElf(source, { permissive: true });
    const { machine } = elf.fileHeader;
    if (machine !== EM_X86_64 && machine !== EM_386)
      return `code for machine ${machine}; only x86 is disassembled (EM_X86_64, 62, and EM_386, 3)`;
    if ((machine === EM_X86_64) !== (elf.wordSize === 8))
      return 'an x32 file (64-bit code in a 32-bit file) or its opposite is not disassembled yet';
    if (elf.sectionHeaders.length === 0) return 'no section headers, so nothing says where its code is';
    const missing = request.sections.find((name) => elf.sectionNamed(name) === undefined);
    output.write(`\n${path}:     file format ${machine === EM_386 ? 'elf32-i386' : 'elf64-x86-64'}\n\n`);
    new Listing(elf, output, request).print();
    return missing === undefined ? undefined : `no section is called ${missing}`;
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  } finally {
    source.close();
  }
}
