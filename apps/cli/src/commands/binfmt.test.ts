// The binfmt command on directories of a test: what it keeps, what it prints, what it refuses.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { binfmtCommand } from './binfmt.ts';
import { explainCommand } from './explain.ts';

const hello = fileURLToPath(new URL('../../../../fixtures/hello-asm/hello', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'elf-binfmt-'));
afterAll(() => rmSync(work, { recursive: true }));

let directory = '';
let count = 0;
beforeEach(() => {
  directory = join(work, `case-${count++}`, 'elf', 'binfmt.d');
});

function binfmt(...args: string[]) {
  return binfmtIn(['--binfmt-conf', directory], ...args);
}

function binfmtIn(options: readonly string[], ...args: string[]) {
  let out = '';
  let err = '';
  const stdout = { write: (text: string) => (out += text) };
  const stderr = { write: (text: string) => (err += text) };
  const environment = { XDG_CONFIG_HOME: join(directory, '..', '..') };
  return { status: binfmtCommand([...options, ...args], { stdout, stderr }, environment), out, err };
}

const put = (name: string, content: string, into = directory) => {
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, name), content);
};
const files = () =>
  Object.fromEntries(readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'utf8')]));

describe('register', () => {
  it('keeps each rule as a file of its own, in the directory of the user by default', () => {
    expect(
      binfmtIn([], 'register', ':jar:E::jar::/usr/bin/jexec:', ':py:M::\\xcb\\x0d\\x0d\\x0a::/usr/bin/python3:P'),
    ).toEqual({
      status: 0,
      out: '',
      err: '',
    });
    expect(files()).toEqual({
      'jar.conf': ':jar:E::jar::/usr/bin/jexec:\n',
      'py.conf': ':py:M::\\xcb\\x0d\\x0d\\x0a::/usr/bin/python3:P\n',
    });
  });

  // biome-ignore format: one row per line
  const refusals: [string, string][] = [
    [':a:M:',                                 'length: The string has 5 bytes; 11 to 1920 are allowed (EINVAL)'],
    [':a/b:M::ab::/interp:',                  'name: The name "a/b" contains a slash (EINVAL)'],
    [':a:X::ab::/interp:',                    'type: The type is "X"; it must be M (magic) or E (extension) (EINVAL)'],
    [':a:M:0x4:ab::/interp:',                 'offset: The offset "0x4" is no decimal number from 0 to 255 (EINVAL)'],
    [':a:M:255:ab::/interp:',                 'offset: The magic of 2 bytes at offset 255 ends past byte 256, the last one looked at (EINVAL)'],
    [':a:M::\\xg0::/interp:',                 'magic: In the magic, \\x is not followed by two hexadecimal digits (EINVAL)'],
    [':a:M::ab:\\xff:/interp:',               'mask: The mask has 1 bytes, the magic 2; they must be equal (EINVAL)'],
    [':a:E::a/b::/interp:',                   'extension: The extension contains a slash (EINVAL)'],
    [':a:E::jar:/usr/bin/jexec:',             'interpreter: The interpreter is empty (EINVAL)'],
    [':a:E::jar::/usr/bin/jexec',             'flags: The delimiter behind the interpreter is missing (EINVAL)'],
    [':a:E::jar::/usr/bin/jexec:X',           'flags: The flags are "X"; only the letters P, O, C and F are known (EINVAL)'],
    [':a:E::jar::/no/such/program:F',         'interpreter: F opens the interpreter now. Opening /no/such/program for execution failed with ENOENT: there is no such file (ENOENT)'],
  ];
  it.each(refusals)('%s names the field', (string, sentence) => {
    mkdirSync(directory, { recursive: true });
    expect(binfmt('register', string)).toEqual({
      status: 1,
      out: '',
      err: `elf binfmt: ${JSON.stringify(string)}: ${sentence}\n`,
    });
    expect(files()).toEqual({});
  });

  it('refuses a name that is taken, also by a rule that is switched off', () => {
    expect(binfmtIn([], 'register', ':a:E::a::/interp:').status).toBe(0);
    expect(binfmt('register', ':a:E::b::/interp:').err).toContain('The name "a" is taken (EEXIST)');
    expect(binfmt('disable', 'a').status).toBe(0);
    expect(binfmt('register', ':a:E::b::/interp:').err).toContain('The name "a" is taken (EEXIST)');
  });

  it('refuses what a .conf file cannot hold', () => {
    mkdirSync(directory, { recursive: true });
    for (const string of ['#a#E##a##/interp#', ';a;E;;a;;/interp;', ':a\nb:E::a::/interp:']) {
      expect(binfmt('register', string)).toMatchObject({ status: 1, err: expect.stringContaining('cannot be kept') });
    }
    expect(files()).toEqual({});
  });

  it('hides no file with its own', () => {
    const other = join(work, 'other');
    put('a.conf', ':x:E::x::/interp:\n', other);
    put('b.conf', ':y:E::y::/interp:\n');
    const options = ['--binfmt-conf', other, '--binfmt-conf', directory];
    expect(binfmtIn(options, 'register', ':a:E::a::/interp:', ':b:E::b::/interp:', ':.c d:E::c::/interp:').status).toBe(
      0,
    );
    expect(Object.keys(files()).sort()).toEqual(['a-2.conf', 'b-2.conf', 'b.conf', 'rule-2e632064.conf']);
    expect(binfmtIn(options, 'list', '--json').out.match(/"name"/g)).toHaveLength(5);
  });
});

describe('list', () => {
  it('prints the rules in the order they are asked, the latest first', () => {
    put('a.conf', '# two rules\n:magic:M:4:\\x01ab:\\xff\\xff\\x0f:/bin/a:OC\n\n; end\n:ext:E::jar::/bin/b:\n');
    put('0.conf', ':first:M::xy::relative/interp:P\n');
    expect(binfmt('list')).toEqual({
      status: 0,
      err: '',
      out: `NAME   STATE    FILES               INTERPRETER      FLAGS  FROM
ext    enabled  .jar                /bin/b           -      ${directory}/a.conf:5
magic  enabled  016162/ffff0f at 4  /bin/a           OC     ${directory}/a.conf:2
first  enabled  7879                relative/interp  P      ${directory}/0.conf:1
`,
    });
    expect(binfmt('list', 'magic').out).toBe(
      'enabled\ninterpreter /bin/a\nflags: OC\noffset 4\nmagic 016162\nmask ffff0f\n',
    );
    expect(JSON.parse(binfmt('list', '--json').out)).toMatchObject({
      schema: 1,
      rules: [
        { name: 'ext', enabled: true, type: 'extension', extension: 'jar', interpreter: '/bin/b', flags: '', line: 5 },
        { name: 'magic', type: 'magic', offset: 4, magic: '016162', mask: 'ffff0f', flags: 'OC', line: 2 },
        { name: 'first', flags: 'P', line: 1 },
      ],
    });
  });

  it('says nothing when there is nothing', () => {
    expect(binfmtIn([], 'list')).toEqual({ status: 0, out: '', err: '' });
  });

  it('leaves out rules that are wrong, with file, line and field', () => {
    put('a.conf', ':good:E::a::/interp:\n:bad:M::ab:zz\\x:/interp:\n');
    const { status, out, err } = binfmt('list');
    expect([status, err]).toEqual([
      1,
      `elf binfmt: ${directory}/a.conf:2: mask: In the mask, \\x is not followed by two hexadecimal digits (EINVAL); the rule is left out\n`,
    ]);
    expect(out).toContain('good');
  });

  it('lets a later directory mask a file, and a later rule replace one of the same name', () => {
    const early = join(work, 'early');
    put('a.conf', ':a:E::a::/early:\n', early);
    put('masked.conf', ':m:E::m::/early:\n', early);
    put('z.conf', ':z:E::z::/z:\n:a:E::a::/late:\n', early);
    put('a.conf', ':a:E::a::/middle:\n:b:E::b::/b:\n');
    symlinkSync('/dev/null', join(directory, 'masked.conf'));
    const listed = binfmtIn(['--binfmt-conf', early, '--binfmt-conf', directory], 'list', '--json').out;
    const rules = JSON.parse(listed).rules.map(({ name, interpreter }: Record<string, string>) => [name, interpreter]);
    expect(rules).toEqual([
      ['a', '/late'],
      ['z', '/z'],
      ['b', '/b'],
    ]);
  });
});

describe('remove, disable and enable', () => {
  const content = '# my rules\n:a:E::a::/a:\n:b:E::b::/b:\n:c:E::c::/c:\n';

  it('change single lines and keep the rest of the file', () => {
    put('my.conf', content);
    expect(binfmt('disable', 'a', 'c').status).toBe(0);
    expect(files()).toEqual({
      'my.conf': '# my rules\n# disabled: :a:E::a::/a:\n:b:E::b::/b:\n# disabled: :c:E::c::/c:\n',
    });
    expect(binfmt('list', 'a').out).toMatch(/^disabled\n/);
    expect(binfmt('disable', 'a').status).toBe(0);
    expect(binfmt('enable', 'c', 'b', 'a').status).toBe(0);
    expect(files()).toEqual({ 'my.conf': content });
    expect(binfmt('remove', 'a', 'c').status).toBe(0);
    expect(files()).toEqual({ 'my.conf': '# my rules\n:b:E::b::/b:\n' });
  });

  it('remove a file that holds nothing else', () => {
    expect(binfmtIn([], 'register', ':a:E::a::/a:').status).toBe(0);
    expect(binfmt('remove', 'a').status).toBe(0);
    expect(existsSync(join(directory, 'a.conf'))).toBe(false);
  });

  it('do not bring back a rule that was replaced', () => {
    put('a.conf', ':a:E::a::/one:\n:a:E::a::/two:\n');
    expect(binfmt('disable', 'a').status).toBe(0);
    expect(files()).toEqual({ 'a.conf': '# disabled: :a:E::a::/one:\n# disabled: :a:E::a::/two:\n' });
  });

  it('do what they can and name what is missing', () => {
    put('my.conf', content);
    expect(binfmt('remove', 'none', 'a')).toEqual({ status: 1, out: '', err: 'elf binfmt: there is no rule "none"\n' });
    expect(files()).toEqual({ 'my.conf': '# my rules\n:b:E::b::/b:\n:c:E::c::/c:\n' });
    expect(binfmt('list', 'none')).toMatchObject({ status: 1, err: 'elf binfmt: there is no rule "none"\n' });
  });
});

describe('the command line', () => {
  it('explains itself', () => {
    for (const args of [[], ['nonsense'], ['register'], ['remove'], ['--nonsense', 'list'], ['toString']]) {
      const { status, out, err } = binfmtIn([], ...args);
      expect([status, out]).toEqual([2, '']);
      expect(err).toMatch(/^elf binfmt: .+\nelf binfmt --help shows the options.\n$/);
    }
    expect(binfmtIn([], '--help')).toMatchObject({
      status: 0,
      out: expect.stringContaining('--binfmt-conf directory'),
    });
  });

  it('says which directory cannot be read', () => {
    expect(binfmt('list')).toEqual({
      status: 1,
      out: '',
      err: `elf binfmt: ${directory}: no such file or directory\n`,
    });
  });
});

describe('elf explain with rules', () => {
  const explain = (...args: string[]) => {
    let out = '';
    let err = '';
    const stdout = { write: (text: string) => (out += text) };
    const stderr = { write: (text: string) => (err += text) };
    return { status: explainCommand(args, { stdout, stderr }), out, err };
  };

  it('follows a file to its interpreter', () => {
    const file = join(work, 'x.greet');
    writeFileSync(file, 'anything', { mode: 0o755 });
    put('a.conf', `:greet:E::greet::${hello}:PO\n:broken:M:\n`);
    const { status, out, err } = explain('--binfmt-conf', directory, file, 'one');
    expect(status).toBe(0);
    expect(out).toContain('rewrite misc: the interpreter takes over with the file as its argument');
    expect(out).toContain(`rule greet, interpreter ${hello}, flags PO, file ${file}`);
    expect(err).toContain(`elf explain: ${directory}/a.conf:2: length: `);
    const story = JSON.parse(explain(`--binfmt-conf=${directory}`, '--json', file).out);
    expect(story).toMatchObject({ accepted: true, executable: hello });
    const vector = story.auxiliaryVector.map(({ name, value }: Record<string, string>) => [name, value]);
    expect(vector).toEqual(
      expect.arrayContaining([
        ['AT_EXECFD', '0x3'],
        ['AT_FLAGS', '0x1'],
      ]),
    );
  });

  it('fails for a directory that is not there', () => {
    expect(explain('--binfmt-conf', join(work, 'none'), hello)).toMatchObject({
      status: 2,
      err: expect.stringContaining('none: no such file'),
    });
  });
});
