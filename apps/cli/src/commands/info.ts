// `elf info`: says in plain words what a file is.
import { statSync } from 'node:fs';
import { type ByteSource, identify, ParseError, parseArchive, parseElf, parsePlan9, parseScript } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { elfSummary } from '../readelf/info-elf.ts';
import { fact, sizeText } from '../readelf/info-text.ts';
import type { TextStreams } from '../readelf/output.ts';

const USAGE =
  'Usage: elf info FILE...\nSays what each file is: machine, linking, segments, security properties, tools.\n';

/**
 * Explains files and returns the exit status: 0, 1 when one could not be read or is of no known format, 2 for a usage mistake.
 *
 * @example
 * ```ts
 * infoCommand(['/bin/true'], { stdout: (text) => process.stdout.write(text), stderr: (text) => process.stderr.write(text) });
 * ```
 */
export function infoCommand(args: readonly string[], io: TextStreams): number {
  if (args.includes('--help') || args.includes('-h')) {
    io.stdout(USAGE);
    return 0;
  }
  const option = args.find((word) => word.startsWith('-') && word !== '--');
  const files = args.filter((word) => word !== '--');
  if (option !== undefined || files.length === 0) {
    io.stderr(option === undefined ? USAGE : `elf info: unknown option ${option}\n${USAGE}`);
    return 2;
  }
  let failed = false;
  files.forEach((path, index) => {
    if (index > 0) io.stdout('\n');
    if (!describe(path, io)) failed = true;
  });
  return failed ? 1 : 0;
}

function describe(path: string, io: TextStreams): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined || !status.isFile()) {
    io.stderr(`elf info: ${path}: ${status === undefined ? 'no such file' : 'not an ordinary file'}\n`);
    return false;
  }
  const source = openFileSource(path);
  try {
    io.stdout(`${path}\n`);
    const text = summary(source);
    if (text === undefined) {
      io.stderr(`elf info: ${path}: neither ELF, archive, Plan 9 a.out nor a script with a #! line\n`);
      return false;
    }
    io.stdout(text);
    return true;
  } catch (error) {
    if (!ParseError.isInstance(error)) throw error;
    io.stderr(`elf info: ${path}: at offset ${error.offset}: ${error.message}\n`);
    return false;
  } finally {
    source.close();
  }
}

/** The facts of one file; undefined for a format we do not know. */
function summary(source: ByteSource): string | undefined {
  switch (identify(source)?.name) {
    case 'elf':
      return elfSummary(parseElf(source, { permissive: true }));
    case 'ar':
      return archiveSummary(source);
    case 'plan9':
      return plan9Summary(source);
    case 'script':
      return scriptSummary(source);
    default:
      return undefined;
  }
}

function archiveSummary(source: ByteSource): string {
  const archive = parseArchive(source);
  const members = [...archive.members()].filter(({ kind }) => kind === 'file');
  return (
    fact('What', `${archive.thin ? 'thin ' : ''}ar archive of ${members.length} files, ${sizeText(source.size)}`) +
    fact('Symbol index', `${archive.symbols().length} names`) +
    members.map(({ name, size }) => `    ${name} (${sizeText(size)})\n`).join('')
  );
}

function plan9Summary(source: ByteSource): string {
  const { header } = parsePlan9(source);
  return (
    fact('What', 'Plan 9 a.out executable: statically linked, as all of them are') +
    fact('Machine', `${header.machine.name}, ${8 * header.machine.pointerSize}-bit`) +
    fact('Entry', `0x${header.entry.toString(16)}`) +
    fact('Text', `${sizeText(header.text)} of code, read and execute`) +
    fact('Data', `${sizeText(header.data)} of initialised data, then ${sizeText(header.bss)} of zeros`) +
    fact('Symbols', header.syms === 0 ? 'none: stripped' : sizeText(header.syms))
  );
}

function scriptSummary(source: ByteSource): string {
  const { interpreter, argument } = parseScript(source);
  return (
    fact('What', 'script: the kernel runs the program of the first line with this file as argument') +
    fact('Interpreter', interpreter) +
    (argument === undefined ? '' : fact('Argument', argument))
  );
}
