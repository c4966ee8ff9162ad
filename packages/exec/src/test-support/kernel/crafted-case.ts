// A crafted case: one execve in a directory of crafted files, and the words its image is described with.
import type { ExecLimits } from '../../exec-request.ts';
import { type BuiltElf, type BuiltSegment, buildElf, ET_DYN, INTERP, LOAD, R, STACK, W, X } from '../elf-builder.ts';
import type { CraftedEntry } from './crafted-directory.ts';
import { buildElf32 } from './elf32-builder.ts';
import type { CaseString } from './kernel-runner.ts';
import { type Deed, tinyProgram } from './tiny-programs.ts';

/** One execve. Its program is the file of the same name unless `path` says otherwise. */
export interface CraftedCase {
  readonly name: string;
  /** The program file, when the case has one of its own. */
  readonly file?: CraftedEntry;
  readonly path?: string;
  /** The path alone by default. */
  readonly argv?: readonly CaseString[] | null;
  readonly envp?: readonly CaseString[];
  readonly limits?: ExecLimits;
  readonly unprivileged?: boolean;
  readonly busy?: string;
  readonly noexec?: string;
  /** Only root can ask the kernel this; others rely on the record. */
  readonly needsRoot?: boolean;
  /** Its code is no program: it is stopped before its first instruction and not run. */
  readonly isOnlyStopped?: boolean;
  /** The state is not compared because of what the vDSO, which a comparison does not map, changes in it; the outcome is. */
  readonly outcomeOnly?: string;
}

/** Where programs are linked, where their code is in the file, and what a page holds behind it. */
export const BASE = 0x400000;
export const CODE = 0x900;
/** A byte that is neither zero nor code: the file's own bytes behind a segment. */
export const FILLER = 0x5a;

/** Text in the first page of the file. */
export const text: BuiltSegment = { type: LOAD, flags: R | X, vaddr: BASE, filesz: 0x1000, memsz: 0x1000 };
export const plainStack: BuiltSegment = { type: STACK, flags: R | W };
/** A page of data at file offset 0x1000, at an address of its own. */
export const data = (changes: Partial<BuiltSegment>): BuiltSegment => ({
  type: LOAD,
  flags: R | W,
  offset: 0x1000,
  vaddr: 0x600000,
  filesz: 0x1000,
  memsz: 0x1000,
  ...changes,
});

/** What a program is made of besides its header fields. */
export interface ProgramParts extends BuiltElf {
  readonly deeds?: readonly Deed[];
}

const filler = (bytes: number) => new Uint8Array(bytes).fill(FILLER);

/** An ET_EXEC with code at file offset {@link CODE} and filler in the rest of the file. */
export function program(parts: ProgramParts = {}): Uint8Array {
  const { deeds = [], ...elf } = parts;
  const fileBytes = elf.fileBytes ?? 0x3000;
  const contents = {
    0x1000: filler(Math.max(0, fileBytes - 0x1000)),
    [CODE]: tinyProgram(64, ...deeds),
    ...elf.contents,
  };
  return buildElf({ entry: BASE + CODE, segments: [text], ...elf, fileBytes, contents });
}

/** The same as ET_DYN linked at 0. */
export function pie(parts: ProgramParts = {}): Uint8Array {
  return program({ type: ET_DYN, entry: CODE, segments: [{ ...text, vaddr: 0 }], ...parts });
}

/** The same for i386. */
export function program32(parts: ProgramParts = {}): Uint8Array {
  const { deeds = [], ...elf } = parts;
  const fileBytes = elf.fileBytes ?? 0x3000;
  const contents = {
    0x1000: filler(Math.max(0, fileBytes - 0x1000)),
    [CODE]: tinyProgram(32, ...deeds),
    ...elf.contents,
  };
  return buildElf32({ entry: BASE + CODE, segments: [text, plainStack], ...elf, fileBytes, contents });
}

/** An i386 ET_DYN linked at 0. */
export function pie32(parts: ProgramParts = {}): Uint8Array {
  return program32({ type: ET_DYN, entry: CODE, segments: [{ ...text, vaddr: 0 }, plainStack], ...parts });
}

/** PT_INTERP and the contents that go with it: the string lies at file offset 0x800. */
export function interpreter(path: string): {
  readonly header: BuiltSegment;
  readonly contents: Record<number, string>;
} {
  const string = `${path}\0`;
  const header = { type: INTERP, flags: R, offset: 0x800, vaddr: 0x800, filesz: string.length, memsz: string.length };
  return { header, contents: { [0x800]: string } };
}

/** A program with an interpreter in front of its segments. */
export function interpreted(build: (parts: ProgramParts) => Uint8Array, path: string, parts: ProgramParts): Uint8Array {
  const { header, contents } = interpreter(path);
  return build({
    ...parts,
    segments: [header, ...(parts.segments ?? [])],
    contents: { ...contents, ...parts.contents },
  });
}
