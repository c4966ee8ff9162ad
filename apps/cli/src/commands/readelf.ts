// `elf readelf`: prints ELF files as GNU readelf does.
import type { TextStreams } from '../readelf/output.ts';
import { printFiles } from '../readelf/print-file.ts';
import { parseReadelfArguments, READELF_USAGE } from '../readelf/readelf-options.ts';

/**
 * Runs readelf with the words behind the command's name and returns the exit status: 0, or 1 when a file could not be read or printed whole.
 *
 * @example
 * ```ts
 * readelfCommand(['-hlW', '/bin/true'], { stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text) });
 * ```
 */
export function readelfCommand(args: readonly string[], io: TextStreams): number {
  const options = parseReadelfArguments(args);
  if (options.kind === 'help') {
    io.stdout(READELF_USAGE);
    return 0;
  }
  if (options.kind === 'usage') {
    io.stderr(`${options.sentence}${READELF_USAGE}`);
    return 1;
  }
  return printFiles(options, io);
}
