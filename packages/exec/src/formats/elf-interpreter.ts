// PT_INTERP: finding, opening and checking the program interpreter, and mapping it (load_elf_binary, load_elf_interp).
import { decodeText, encodeText } from '@elf/parse';
import { type FormatRefusal, type LoadContext, refuse } from '../binary-format.ts';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFile } from '../exec-request.ts';
import { placeInterpreter } from '../image-placement.ts';
import type { ImageTarget } from '../image-target.ts';
import { loadSegments } from '../load-segments.ts';
import type { MapFailure } from '../map-image.ts';
import type { ElfAbi } from './elf-abi.ts';
import { type ElfImage, readElfImage } from './elf-image.ts';
import { firstFailure } from './elf-rule.ts';
import { interpreterHeader } from './rule-facts.ts';

/** An interpreter that was opened; its headers are checked later, after the stack permissions, as in the kernel. */
export interface OpenedInterpreter {
  readonly file: ExecFile;
  readonly path: Uint8Array;
  readonly buffer: Uint8Array;
  /** The flavour of the program, which the interpreter must share. */
  readonly abi: ElfAbi;
}

/** Opens the interpreter that PT_INTERP names; undefined when there is none. */
export function openInterpreter(image: ElfImage, context: LoadContext): OpenedInterpreter | FormatRefusal | undefined {
  const { profile } = context.request;
  const header = interpreterHeader(image, profile.interpreterHeader);
  if (header === undefined) return undefined;
  const broken = firstFailure(profile.elfRules, ['interpreter name'], image.candidate);
  if (broken) return refuse(broken.errno, broken.rule, broken.sentence);
  const bytes = image.candidate.read(header.offset, Number(header.filesz));
  const end = bytes.indexOf(0);
  const named = bytes.slice(0, end < 0 ? bytes.length : end);
  const { path, file } = openBelowPrefixes(named, context);
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

/** Opens the first of a path below the profile's prefixes that can be opened, else reports the last attempt. */
function openBelowPrefixes(named: Uint8Array, context: LoadContext) {
  const prefixes = context.request.profile.traits?.interpreterPrefixes ?? [''];
  let path = named;
  let file: ExecFile | FormatRefusal | undefined;
  for (const prefix of prefixes) {
    path = prefix === '' ? named : Uint8Array.from([...encodeText(prefix), ...named]);
    file = context.openExecutable(path);
    if (!('kind' in file)) break;
  }
  return { path, file: file ?? context.openExecutable(named) };
}

/** Checks the interpreter's headers: what is ENOEXEC for a program is ELIBBAD for its interpreter. */
export function checkInterpreter(opened: OpenedInterpreter, context: LoadContext): ElfImage | FormatRefusal {
  const image = readElfImage(opened.file, opened.buffer, context.request.profile, opened.abi, 'interpreter');
  if ('sentence' in image) {
    const sentence = `The interpreter ${decodeText(opened.path)} is unusable: ${image.sentence}`;
    return refuse(image.errno, image.rule, sentence);
  }
  return image;
}

/** An interpreter in memory. */
export interface MappedInterpreter {
  /** Difference between its addresses in memory and in the file: AT_BASE. */
  readonly base: number;
  /** Its first instruction, which is the process's. */
  readonly entry: number;
}

/** Maps the interpreter after the program: load_elf_interp. */
export function mapInterpreter(
  target: ImageTarget,
  image: ElfImage,
  program: { readonly bias: number; readonly startData: number },
): MappedInterpreter | MapFailure {
  const { elfRules } = target.request.profile;
  const unmappable = firstFailure(elfRules, ['image'], { ...image.candidate, layout: target.layout });
  if (unmappable) return unmappable;
  const placement = placeInterpreter(target, image, program);
  if ('sentence' in placement) return placement;
  const loaded = loadSegments(target, image, placement);
  if ('sentence' in loaded) return loaded;
  const bias = BigInt(loaded.bias);
  const stray = firstFailure(elfRules, ['entry'], { ...image.candidate, layout: target.layout, bias });
  if (stray) return stray;
  // gVisor's AT_BASE is where the first segment starts, which is the same unless the interpreter is linked to an address.
  const isProbed = target.request.profile.traits?.placement === 'probed';
  const base = loaded.bias + (isProbed ? Number(image.loads[0]?.vaddr ?? 0n) : 0);
  return { base, entry: Number(BigInt.asUintN(64, image.header.entry + bias)) };
}
