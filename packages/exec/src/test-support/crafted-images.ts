// Images on the borders of Linux's rules, as files of one directory, for comparison with a real kernel.
import {
  type BuiltElf,
  type BuiltSegment,
  buildElf,
  ET_DYN,
  INTERP,
  LOAD,
  NOTE,
  R,
  STACK,
  textSegment,
  W,
  X,
} from './elf-builder.ts';

/** One case: the program, and what it needs beside it. `~` in texts and interpreter paths stands for the directory. */
export interface CraftedImage {
  readonly name: string;
  readonly program: Uint8Array | string;
  readonly mode?: number;
}

/** exit(0): a program that was accepted ends at once. */
const EXIT = Uint8Array.of(0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05);
const ENTRY_OFFSET = 0x900;
const text: BuiltSegment = { ...textSegment, filesz: 0x1000 };
const two63 = 2n ** 63n;

function program(elf: BuiltElf = {}): Uint8Array {
  const contents = { [ENTRY_OFFSET]: EXIT, ...elf.contents };
  return buildElf({ entry: 0x400000 + ENTRY_OFFSET, ...elf, contents });
}

const segments = (...list: BuiltSegment[]) => program({ segments: list });
const pie = (...list: BuiltSegment[]) => program({ type: ET_DYN, entry: ENTRY_OFFSET, segments: list });

/** A program whose PT_INTERP at 0x1800 holds the text; `~` becomes the directory when the file is written. */
function interpreted(path: string, directory: string, changes: Partial<BuiltSegment> = {}): Uint8Array {
  const content = path.replace('~', directory);
  const interp = { type: INTERP, offset: 0x1800, filesz: content.length, memsz: content.length, ...changes };
  return program({ segments: [interp, text], contents: { 6144: content }, fileBytes: 0x4000 });
}

const headers = (count: number) =>
  program({
    segments: [{ ...text, offset: 0x20000, filesz: 0x1000 }, ...Array.from({ length: count - 1 }, () => ({ type: 0 }))],
    fileBytes: 0x21000,
    contents: { [0x20000 + ENTRY_OFFSET]: EXIT },
  });

/** Interpreters the cases name. */
export function craftedInterpreters(): readonly CraftedImage[] {
  const loader = pie({ ...text, vaddr: 0 });
  return [
    { name: 'ld', program: loader },
    {
      name: 'ld-high',
      program: program({ type: ET_DYN, entry: 0x10000 + ENTRY_OFFSET, segments: [{ ...text, vaddr: 0x10000 }] }),
    },
    { name: 'ld-exec', program: program() },
    { name: 'ld-short', program: 'abcd' },
    { name: 'ld-text', program: 'x'.repeat(100) },
    { name: 'ld-no-headers', program: program({ phnum: 0 }) },
    { name: 'ld-arm', program: program({ machine: 183 }) },
    { name: 'ld-rel', program: program({ type: 1 }) },
    { name: 'ld-no-load', program: pie({ type: STACK, flags: R | W }) },
    { name: 'ld-filesz', program: pie({ ...text, vaddr: 0, memsz: 1 }) },
    { name: 'ld-entry', program: program({ type: ET_DYN, entry: 2n ** 62n, segments: [{ ...text, vaddr: 0 }] }) },
    { name: 'ld-mode', program: loader, mode: 0o644 },
  ];
}

/** The cases. */
export function craftedImages(directory: string): readonly CraftedImage[] {
  const at = (path: string, changes: Partial<BuiltSegment> = {}) => interpreted(path, directory, changes);
  // biome-ignore format: one row per case
  const rows: [string, Uint8Array | string, number?][] = [
    ['plain',                    program()],
    ['1170 headers',             headers(1170)],
    ['1171 headers',             headers(1171)],
    ['phentsize 55',             program({ phentsize: 55 })],
    ['phentsize 57',             program({ phentsize: 57 })],
    ['phnum 0',                  program({ phnum: 0 })],
    ['phnum 0xffff',             program({ phnum: 0xffff })],
    ['phoff at the last byte',   program({ phoff: 0x1fff })],
    ['phoff 2^63',               program({ phoff: two63 })],
    ['phoff odd',                program({ phoff: 0x101 })],
    ['phoff outside the loads',  program({ phoff: 0x1800 })],
    ['ident garbage',            program({ ident: [1, 2, 9, 99, 7, 7, 7] })],
    ['version 7',                program({ version: 7 })],
    ['ET_REL',                   program({ type: 1 })],
    ['ET_CORE',                  program({ type: 4 })],
    ['machine 183',              program({ machine: 183 })],
    ['align 3',                  segments({ ...text, align: 3 })],
    ['align 2^63',               segments({ ...text, align: two63 })],
    ['note of absurd size',      segments(text, { type: NOTE, offset: 0x1fff, filesz: two63, memsz: 1 })],
    ['mode without x',           program(), 0o644],
    ['mode 0111',                program(), 0o111],
    ['empty file',               ''],
    ['text',                     'true\n'],
    ['four binary bytes',        '\x01\x02\x03\x04'],
    ['not congruent',            segments({ ...text, offset: 0x10 })],
    ['filesz above memsz',       segments({ ...text, memsz: 0xfff })],
    ['at TASK_SIZE',             segments({ ...text, vaddr: 0x7ffffffff000 })],
    ['near 2^64',                segments({ ...text, vaddr: 2n ** 64n - 4096n })],
    ['memsz 2^63',               segments({ ...text, memsz: two63 })],
    ['on the stack',             segments({ ...text, vaddr: 0x7fffffffe000 })],
    ['no load',                  segments({ type: STACK, flags: R | W })],
    ['no header page, entry unmapped', program({ entry: 0x500000 })],
    ['entry above TASK_SIZE',    program({ entry: 2n ** 63n })],
    ['segment not executable',   segments({ ...text, flags: R })],
    ['later replaces earlier',   segments({ ...text, flags: R, offset: 0x1000 }, text)],
    ['later hides the code',     segments(text, { ...text, flags: R, offset: 0x1000 })],
    ['descending order',         segments({ ...text, vaddr: 0x402000, offset: 0x1000 }, text)],
    ['code past the end of file', segments({ ...text, filesz: 0x9000, memsz: 0x9000 }, { ...text, vaddr: 0x900000 })],
    ['bss in code',              segments({ ...text, memsz: 0x5000 })],
    ['bss past the end of file', segments(text, { type: LOAD, flags: R | W, offset: 0x5000, vaddr: 0x600000, filesz: 0x10, memsz: 0x900 })],
    ['static PIE',               pie({ ...text, vaddr: 0 })],
    ['static PIE, 2 MiB',        pie({ ...text, vaddr: 0, align: 0x200000 })],
    ['static PIE, linked high',  program({ type: ET_DYN, entry: 0x30000 + ENTRY_OFFSET, segments: [{ ...text, vaddr: 0x30000 }] })],
    ['static PIE, span 0',       pie({ ...text, vaddr: 0, filesz: 0, memsz: 0 })],
    ['static PIE, absurd span',  pie({ ...text, vaddr: 0 }, { ...text, vaddr: 2n ** 62n })],
    ['static PIE without load',  pie({ type: STACK, flags: R | W })],
    ['stack executable',         segments(text, { type: STACK, flags: R | W | X })],
    ['interp',                   at('~/ld\0')],
    ['interp linked high',       at('~/ld-high\0')],
    ['interp with inner NUL',    at('~/ld\0xxx\0')],
    ['interp ET_EXEC',           at('~/ld-exec\0')],
    ['interp 1 byte',            at('\0')],
    ['interp 4097 bytes',        at('~/ld\0', { filesz: 4097 })],
    ['interp not terminated',    at('~/ldx')],
    ['interp past the end',      at('~/ld\0', { offset: 0x3fff })],
    ['interp empty',             at('\0\0')],
    ['interp missing',           at('~/missing\0')],
    ['interp a directory',       at('~\0')],
    ['interp through a file',    at('~/ld/x\0')],
    ['interp short',             at('~/ld-short\0')],
    ['interp text',              at('~/ld-text\0')],
    ['interp without headers',   at('~/ld-no-headers\0')],
    ['interp of another machine', at('~/ld-arm\0')],
    ['interp ET_REL',            at('~/ld-rel\0')],
    ['interp without load',      at('~/ld-no-load\0')],
    ['interp filesz above memsz', at('~/ld-filesz\0')],
    ['interp absurd entry',      at('~/ld-entry\0')],
    ['interp without x',         at('~/ld-mode\0')],
    ['script',                   `#!${directory}/ld-exec\n`],
    ['script without LF',        `#!${directory}/ld-exec`],
    ['script with CR',           `#!${directory}/ld-exec\r\n`],
    ['script, #! only',          '#!'],
    ['script, blank',            '#! \n'],
    ['script, name too long',    `#!/${'n'.repeat(260)}\n`],
    ['script, BOM',              `\xef\xbb\xbf#!${directory}/ld-exec\n`],
    ['script to a text',         `#!${directory}/ld-text\n`],
    ['script to a directory',    `#!${directory}\n`],
    ['five scripts',             `#!${directory}/chain-4\n`],
    ['chain-4',                  `#!${directory}/chain-3\n`],
    ['chain-3',                  `#!${directory}/chain-2\n`],
    ['chain-2',                  `#!${directory}/chain-1\n`],
    ['chain-1',                  `#!${directory}/ld-exec\n`],
    ['script to a script, with an argument', `#!${directory}/script x y\n`],
    ['six scripts',                   `#!${directory}/deep-5\n`],
    ['deep-5',                   `#!${directory}/chain-4\n`],
  ];
  return rows.map(([name, image, mode]) => ({ name, program: image, mode }));
}
