// elf fix and elf pad on files made here: results, modes, refusals, and that nothing is left behind.
import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesSource, parseElf, parsePlan9 } from '@elf/parse';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixCommand } from './fix.ts';
import { padCommand } from './pad.ts';

const TABLE_OFFSET = 0x1804;

/** A program of one PT_LOAD whose two headers lie far behind, off alignment; its first page is all 0x42 behind the file header. */
function movedProgram(type = 2): Uint8Array {
  const bytes = new Uint8Array(0x2000).fill(0x42, 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, 0x401000n, true);
  view.setBigUint64(32, BigInt(TABLE_OFFSET), true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  const header = (index: number, words: readonly bigint[]) => {
    words.forEach((word, field) => {
      view.setBigUint64(TABLE_OFFSET + index * 56 + field * 8, word, true);
    });
  };
  // Type and flags share the first word: PT_PHDR readable, PT_LOAD readable and executable.
  header(0, [0x4_0000_0006n, 0x1804n, 0x401804n, 0x401804n, 112n, 112n, 8n]);
  header(1, [0x5_0000_0001n, 0n, 0x400000n, 0x400000n, 0x2000n, 0x2000n, 0x1000n]);
  return bytes;
}

/** A 386 program of 100 bytes of text, 50 of data, 9000 of bss and 7 of symbols. */
function plan9Program(): Uint8Array {
  const bytes = new Uint8Array(32 + 157).map((_, index) => index + 1);
  [0x1eb, 100, 50, 9000, 7, 0x1020, 0, 0].forEach((word, index) => {
    new DataView(bytes.buffer).setUint32(4 * index, word);
  });
  return bytes;
}

let directory = '';
const file = (name: string) => join(directory, name);
const read = (name: string) => new Uint8Array(readFileSync(file(name)));

beforeEach(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'elf-fix-')));
  writeFileSync(file('in'), movedProgram(), { mode: 0o755 });
  writeFileSync(file('plan9'), plan9Program(), { mode: 0o700 });
});
afterEach(() => rmSync(directory, { recursive: true }));

function call(command: typeof fixCommand, ...args: string[]) {
  let out = '';
  let err = '';
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text) };
  return { status: command(args, io), out, err };
}
const fix = (...args: string[]) => call(fixCommand, ...args);
const pad = (...args: string[]) => call(padCommand, ...args);

describe('elf fix --phdrs-first', () => {
  it('writes a program with its headers first, says what it changed and what it checked', () => {
    chmodSync(file('in'), 0o4751);
    const { status, out, err } = fix('--phdrs-first', file('in'), file('out'));
    expect([status, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      `${file('out')}: program headers moved to offset 64 (page in front)`,
      '  at 0, 4096 bytes: a new file header, the program headers at 64, and zeros',
      "  checked: 8192 bytes of 1 PT_LOAD are the input's",
      '',
    ]);
    const elf = parseElf(bytesSource(read('out')));
    expect(elf.fileHeader.phoff).toBe(64n);
    expect(elf.programHeaders[1]).toMatchObject({ offset: 0n, vaddr: 0x3ff000n, filesz: 0x3000n });
    expect(read('out').subarray(0x1000)).toEqual(movedProgram());
    expect(statSync(file('out')).mode & 0o7777).toBe(0o4751);
    expect(read('in')).toEqual(movedProgram());
    expect(readdirSync(directory).sort()).toEqual(['in', 'out', 'plan9']);
  });

  it('copies a program that is in order', () => {
    fix('--phdrs-first', file('in'), file('out'));
    const { status, out } = fix('-phdrs-first', file('out'), file('again'));
    expect(status).toBe(0);
    expect(out).toContain('copied unchanged: The 2 program headers already lie in the first page');
    expect(read('again')).toEqual(read('out'));
  });

  it('says for every way why it is closed, and writes nothing', () => {
    writeFileSync(file('pie'), movedProgram(3));
    const { status, out, err } = fix('--phdrs-first', file('pie'), file('out'));
    expect([status, out]).toEqual([1, '']);
    expect(err.trimEnd().split('\n')).toEqual([
      expect.stringMatching(/^elf fix: .*pie: free room: The table needs 112 bytes/),
      expect.stringMatching(/room beside the interpreter path: There is no PT_INTERP/),
      expect.stringMatching(/page in front: Only a program with fixed addresses/),
    ]);
    expect(readdirSync(directory).sort()).toEqual(['in', 'pie', 'plan9']);
  });

  it('overwrites its input only when asked to, by whatever name it is called', () => {
    symlinkSync('in', file('link'));
    linkSync(file('in'), file('twin'));
    for (const name of ['in', 'link', 'twin']) {
      const { status, err } = fix('--phdrs-first', file('in'), file(name));
      expect([status, err]).toEqual([
        1,
        expect.stringContaining('is the input itself; give another OUT, or --in-place'),
      ]);
    }
    expect(read('in')).toEqual(movedProgram());
    expect(fix('--phdrs-first', file('link'), '--in-place').status).toBe(0);
    expect(parseElf(bytesSource(read('in'))).fileHeader.phoff).toBe(64n);
    expect(readdirSync(directory).sort()).toEqual(['in', 'link', 'plan9', 'twin']);
  });

  it('locates what is wrong with a file, and reports what the host refuses', () => {
    writeFileSync(file('cut'), movedProgram().subarray(0, 0x1830));
    expect(fix('--phdrs-first', file('cut'), file('out'))).toMatchObject({
      status: 1,
      err: expect.stringMatching(/cut: at offset 6148: The file ends after 6192 bytes/),
    });
    expect(fix('--phdrs-first', file('plan9'), file('out')).err).toContain(
      'at offset 0: The input does not start with',
    );
    expect(fix('--phdrs-first', file('missing'), file('out'))).toMatchObject({
      status: 1,
      err: `elf fix: ${file('missing')}: no such file or directory\n`,
    });
    expect(fix('--phdrs-first', directory, file('out')).err).toContain('not an ordinary file');
    expect(fix('--phdrs-first', file('in'), directory).err).toContain('is not an ordinary file');
    expect(fix('--phdrs-first', file('in'), file('no/out')).err).toMatch(
      /no\/out cannot be written: no such file or directory\n$/,
    );
    expect(readdirSync(directory).sort()).toEqual(['cut', 'in', 'plan9']);
  });

  it('explains its usage', () => {
    const help = fix('--help');
    expect(help).toMatchObject({ status: 0, err: '' });
    for (const part of [
      'usage: elf fix --phdrs-first IN OUT',
      'elf fix --phdrs-first --in-place FILE',
      'e_phoff',
      'page in front',
    ]) {
      expect(help.out).toContain(part);
    }
    const mistakes: [string, string][] = [
      ['a b', 'say what to fix: --phdrs-first'],
      ['--phdrs-first', 'one IN and one OUT are needed, or --in-place and one file'],
      ['--phdrs-first a b c', 'one IN and one OUT are needed, or --in-place and one file'],
      ['--phdrs-first --in-place a b', '--in-place takes one file, which it replaces; 2 were given'],
      ['--nonsense', 'unknown option --nonsense'],
    ];
    for (const [words, mistake] of mistakes) {
      const err = `elf fix: ${mistake}\nelf fix --help shows the options.\n`;
      expect(fix(...words.split(' '))).toEqual({ status: 2, out: '', err });
    }
  });
});

describe('elf pad', () => {
  it('writes the page-aligned form, keeps the mode, and says what it did', () => {
    const { status, out, err } = pad(file('plan9'), file('out'));
    expect([status, err]).toEqual([0, '']);
    expect(out.split('\n')).toEqual([
      `${file('out')}: padded`,
      '  at 4, 4 bytes: text: 100 becomes 4064',
      '  at 8, 4 bytes: data: 50 becomes 12288',
      '  at 12, 4 bytes: bss: 9000 becomes 0',
      '  at 132, 3964 bytes: zeros to the page of the data',
      '  at 4146, 12238 bytes: zeros of bss and to the end of its page',
      "  checked: text, data and tables are the input's, 9000 bytes of bss are zeros at offset 4146",
      '',
    ]);
    const padded = parsePlan9(bytesSource(read('out')));
    expect(padded.header).toMatchObject({ text: 4064, data: 12288, bss: 0, dataOffset: 4096, symbolsOffset: 16384 });
    expect(padded.data().subarray(0, 50)).toEqual(plan9Program().subarray(132, 182));
    expect(read('out').subarray(16384)).toEqual(plan9Program().subarray(182));
    expect(statSync(file('out')).mode & 0o7777).toBe(0o700);
    const again = pad(file('out'), file('again'));
    expect(again.status).toBe(0);
    expect(read('again')).toEqual(read('out'));
  });

  it('replaces a file only when it is complete, also through a link', () => {
    writeFileSync(file('old'), 'precious');
    symlinkSync('old', file('link'));
    expect(pad(file('in'), file('link'))).toMatchObject({
      status: 1,
      err: expect.stringMatching(/in: at offset 0: The input does not start with a Plan 9 a.out magic/),
    });
    expect(readFileSync(file('old'), 'utf8')).toBe('precious');
    expect(pad(file('plan9'), file('link')).status).toBe(0);
    expect(read('old').length).toBe(16384 + 7);
    expect(readdirSync(directory).sort()).toEqual(['in', 'link', 'old', 'plan9']);
  });

  it('works in place when asked to', () => {
    expect(pad(file('plan9'), file('plan9')).status).toBe(1);
    expect(read('plan9')).toEqual(plan9Program());
    expect(pad('--in-place', file('plan9')).status).toBe(0);
    expect(read('plan9').length).toBe(16384 + 7);
  });

  it('locates a program that is cut, and explains its usage', () => {
    writeFileSync(file('cut'), plan9Program().subarray(0, 150));
    expect(pad(file('cut'), file('out')).err).toContain('cut: at offset 150: Header, text and data need 182 bytes');
    expect(pad('--help').out).toContain('usage: elf pad IN OUT\n       elf pad --in-place FILE\n');
    for (const args of [[], [file('plan9')], ['--phdrs-first', 'a', 'b']]) expect(pad(...args).status).toBe(2);
  });
});
