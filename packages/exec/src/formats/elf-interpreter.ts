// PT_INTERP: finding, opening and checking the program interpreter before the point of no return (load_elf_binary).
import { decodeText, PT } from '@elf/parse';
import { type FormatRefusal, type LoadContext, refuse } from '../binary-format.ts';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import type { ExecFile } from '../exec-request.ts';
import type { ElfAbi } from './elf-abi.ts';
import { type ElfImage, readElfImage } from './elf-image.ts';

/** An interpreter that was opened; its headers are checked later, after the stack permissions, as in the kernel. */
export interface OpenedInterpreter {
  readonly file: ExecFile;
  readonly path: Uint8Array;
  readonly buffer: Uint8Array;
  /** The flavour of the program, which the interpreter must share. */
  readonly abi: ElfAbi;
}

/** Opens the interpreter the first PT_INTERP names; undefined when there is none. Later PT_INTERPs are ignored. */
export function openInterpreter(image: ElfImage, context: LoadContext): OpenedInterpreter | FormatRefusal | undefined {
  const header = image.programHeaders.find(({ type }) => type === PT.INTERP);
  if (header === undefined) return undefined;
  const limit = context.request.profile.maximumInterpreterPathBytes;
  if (header.filesz < 2n || header.filesz > BigInt(limit)) {
    const sentence = `PT_INTERP has ${header.filesz} bytes; 2 to ${limit} are accepted.`;
    return refuse(ExecErrno.ENOEXEC, 'interp-size', sentence);
  }
  const size = Number(header.filesz);
  const { source } = image.file;
  const bytes = header.offset < BigInt(source.size) ? source.read(Number(header.offset), size) : new Uint8Array(0);
  if (bytes.length < size) {
    const sentence = `PT_INTERP at ${hex(header.offset)} ends after the file's ${source.size} bytes.`;
    return refuse(ExecErrno.EIO, 'interp-read', sentence);
  }
  if (bytes[size - 1] !== 0) {
    return refuse(ExecErrno.ENOEXEC, 'interp-termination', 'The last byte of PT_INTERP is not NUL.');
  }
  const path = bytes.slice(0, bytes.indexOf(0));
  const file = context.openExecutable(path);
  if ('kind' in file) return file;
  const { abi } = image;
  const buffer = file.source.read(0, abi.fileHeaderBytes);
  if (buffer.length < abi.fileHeaderBytes) {
    const sentence = `The interpreter ${decodeText(path)} has only ${file.source.size} bytes.`;
    return refuse(ExecErrno.EIO, 'interp-header', sentence);
  }
  context.record.add({
    step: 'read interpreter',
    kernelFunction: 'load_elf_binary',
    inputs: { path: decodeText(path), bytes: file.source.size },
    decision: 'the interpreter will start the program',
  });
  return { file, path, buffer, abi };
}

/** Checks the interpreter's headers: what is ENOEXEC for a program is ELIBBAD for its interpreter. */
export function checkInterpreter(opened: OpenedInterpreter, context: LoadContext): ElfImage | FormatRefusal {
  const { profile } = context.request;
  // The type is examined only after the point of no return (load_elf_interp).
  const rules = profile.elfRules.filter(({ rule }) => rule !== 'elf-type' && rule !== 'elf-mappable');
  const image = readElfImage(opened.file, opened.buffer, { ...profile, elfRules: rules }, opened.abi);
  if ('sentence' in image) {
    const sentence = `The interpreter ${decodeText(opened.path)} is unusable: ${image.sentence}`;
    return refuse(ExecErrno.ELIBBAD, `interp-${image.rule.rule}`, sentence);
  }
  return image;
}
