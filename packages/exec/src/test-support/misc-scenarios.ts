// table: scenarios for binfmt_misc and execve's entry: commands that a real kernel and our model both obey.
import { type MiscCommand, SHOW } from './misc-kernel.ts';

/** A sequence of commands on fresh rules. */
export interface MiscScenario {
  readonly name: string;
  readonly commands: readonly MiscCommand[];
}

const file = (path: string, content: string, mode = 0o755, uid = 0, gid = 0): MiscCommand => [
  'file',
  path,
  String(mode),
  String(uid),
  String(gid),
  content,
];
const showAt = (path: string, mode = 0o755, uid = 0, gid = 0): MiscCommand => [
  'copy',
  SHOW,
  path,
  String(mode),
  String(uid),
  String(gid),
];
const register = (registration: string): MiscCommand => ['write', 'register', registration];
const exec = (path: string, ...argv: string[]): MiscCommand => [
  'exec',
  path,
  ...(argv.length > 0 ? argv : ['zero', 'one']),
];
const execAs = (user: number, path: string): MiscCommand => ['exec-as', String(user), path, 'zero', 'one'];
const foreign = file('/mnt/foreign', 'MAGICfile');
const rule = (flags = '', interpreter = SHOW) => register(`:rule:M::MAGIC::${interpreter}:${flags}`);
const scenario = (name: string, ...commands: MiscCommand[]): MiscScenario => ({
  name,
  commands: [['write', 'status', '-1'], ['write', 'status', '1'], ['cd', '/'], foreign, ...commands],
});

/** Foreign files f1 to fN, each taken by a rule whose interpreter is the next one; the last interpreter is the program. */
function chain(length: number, flags = ''): MiscCommand[] {
  const links = Array.from({ length }, (_, at) => at + 1);
  return [
    ...links.map((at) => file(`/mnt/f${at}`, `CHAIN${at}.`)),
    ...links.map((at) => register(`:f${at}:M::CHAIN${at}.::${at === length ? SHOW : `/mnt/f${at + 1}`}:${flags}`)),
    exec('/mnt/f1'),
  ];
}

/** A directory in which names of any length lead to the program. */
const shownAs = (bytes: number) => `/mnt/${'n'.repeat(bytes - 5)}`;

/** A script, and a start of it. */
const script = (content: string): MiscCommand[] => [file('/mnt/script', content), exec('/mnt/script')];

/** Environment strings that take `total` bytes with their NULs. */
function strings(total: number): string[] {
  const lengths = [];
  for (let left = total; left > 0; left -= 131072) lengths.push(String(Math.min(left, 131072) - 1));
  return lengths;
}

/** Starts with exactly as many bytes as a limit allows, and with one more. `path` and one empty argument count too. */
function boundary(stack: number, limit: number, path: string = SHOW, extra = 0): MiscCommand[] {
  const pieces = Math.ceil(limit / 131072) + 1;
  const room = limit - 8 * (1 + pieces) - (path.length + 1) - 1 - extra;
  const fill = (total: number) => {
    const lengths = strings(total).slice(0, pieces);
    while (lengths.length < pieces) {
      // One string is split so that the count of pointers stays what was planned.
      const largest = Math.max(...lengths.map(Number));
      lengths[lengths.indexOf(String(largest))] = String(largest - 1000);
      lengths.push('999');
    }
    return lengths;
  };
  return [
    ['space', String(stack), path, ...fill(room)],
    ['space', String(stack), path, ...fill(room + 1)],
  ];
}

/** All scenarios. */
export function miscScenarios(): readonly MiscScenario[] {
  // biome-ignore format: one scenario per line
  return [
    scenario('a magic', rule(), exec('/mnt/foreign'), exec('/mnt/foreign', ''), exec('/mnt/foreign', 'zero', '', 'two')),
    scenario('an empty argv', rule(), ['exec', '/mnt/foreign'], rule('P'), ['exec', '/mnt/foreign']),
    scenario('P', rule('P'), exec('/mnt/foreign'), ['exec', '/mnt/foreign']),
    scenario('O', rule('O'), exec('/mnt/foreign')),
    scenario('C', rule('C'), exec('/mnt/foreign')),
    scenario('POCF', rule('POCF'), exec('/mnt/foreign')),
    scenario('F keeps the interpreter of the registration', showAt('/mnt/itp'), rule('F', '/mnt/itp'), ['unlink', '/mnt/itp'], exec('/mnt/foreign')),
    scenario('without F the path counts', showAt('/mnt/itp'), rule('', '/mnt/itp'), ['unlink', '/mnt/itp'], exec('/mnt/foreign'), showAt('/mnt/itp'), exec('/mnt/foreign')),
    scenario('F is opened with the rules of execution', showAt('/mnt/itp', 0o644), rule('F', '/mnt/itp'), rule('F', '/mnt'), rule('F', '/mnt/none'), rule('F', `${SHOW}/x`)),
    scenario('a magic at an offset', file('/mnt/late', '....LATE'), register(`:late:M:4:LATE::${SHOW}:`), exec('/mnt/late'), exec('/mnt/foreign')),
    scenario('the last byte of the buffer', file('/mnt/end', `${'.'.repeat(255)}!.`), register(`:end:M:255:!::${SHOW}:`), exec('/mnt/end')),
    scenario('zeros match behind the end of the file', register(`:zeros:M:5:file\\x00\\x00::${SHOW}:`), exec('/mnt/foreign'), register(`:more:M:5:file\\x00.::${SHOW}:P`), exec('/mnt/foreign')),
    scenario('an empty file', file('/mnt/empty', ''), exec('/mnt/empty'), register(`:zeros:M::\\x00\\x00::${SHOW}:`), exec('/mnt/empty')),
    scenario('a mask', file('/mnt/masked', '\xf5\x0aM'), register(`:masked:M::\\x05\\x0fM:\\x0f\\xf0\\xff:${SHOW}:`), exec('/mnt/masked'), register(`:m2:M::\\x05\\x00M:\\x0f\\xf0\\xff:${SHOW}:P`), exec('/mnt/masked')),
    scenario('a mask of zeros takes everything, the interpreter too', register(`:all:M::x:\\x00:${SHOW}:`), exec('/mnt/foreign'), exec(SHOW)),
    scenario('the latest rule first', rule(), register(`:later:M::MAG::${SHOW}:P`), exec('/mnt/foreign'), ['write', 'later', '-1'], exec('/mnt/foreign')),
    scenario('switching a rule', rule(), ['write', 'rule', '0'], ['read', 'rule'], exec('/mnt/foreign'), ['write', 'rule', '1\n'], ['read', 'rule'], exec('/mnt/foreign')),
    scenario('a disabled rule gives way to an older one', rule(), register(`:later:M::MAG::${SHOW}:P`), ['write', 'later', '0\n'], exec('/mnt/foreign')),
    scenario('switching everything', rule(), ['write', 'status', '0'], ['read', 'status'], ['read', 'rule'], exec('/mnt/foreign'), ['write', 'status', '1'], ['read', 'status'], exec('/mnt/foreign')),
    scenario('registering while switched off', ['write', 'status', '0'], rule(), exec('/mnt/foreign'), ['write', 'status', '1'], exec('/mnt/foreign')),
    scenario('removing', rule(), ['write', 'rule', '-1'], ['read', 'rule'], ['write', 'rule', '1'], exec('/mnt/foreign'), rule(), ['write', 'status', '-1\n'], ['read', 'rule'], ['read', 'status']),
    scenario('words that are no commands', rule(), ...['', '\n', '2', '00', '01', '-', '-2', '1\n\n', '0\n0', '1 ', ' 1', '-1\n\n', '-1 ', 'off', '-1\n'].map((word): MiscCommand => ['write', 'rule', word]), ...['', '\n', '2', '10', '1\n\n', '1234'].map((word): MiscCommand => ['write', 'status', word])),
    scenario('names', rule(), rule('P'), register(`:register:M::MAGIC::${SHOW}:`), register(`:status:M::MAGIC::${SHOW}:`), ['read', 'register'], ['read', 'nothing'], ['write', 'nothing', '1'], ['read', 'rule'], rule('F', '/mnt/none'), register(`:${'n'.repeat(256)}:M::MAGIC::${SHOW}:`), register(`:rule:M::MAGIC::`)),
    scenario('an extension', file('/mnt/a.jar', 'x'), register(`:jar:E::jar::${SHOW}:`), exec('/mnt/a.jar'), file('/mnt/a.JAR', 'x'), exec('/mnt/a.JAR'), file('/mnt/jar', 'x'), exec('/mnt/jar'), file('/mnt/.jar', 'x'), exec('/mnt/.jar'), file('/mnt/a.jarx', 'x'), exec('/mnt/a.jarx')),
    scenario('the last dot', file('/mnt/a.tar.gz', 'x'), register(`:tgz:E::tar.gz::${SHOW}:`), exec('/mnt/a.tar.gz'), register(`:gz:E::gz::${SHOW}:`), exec('/mnt/a.tar.gz'), ['mkdir', '/mnt/d.gz'], file('/mnt/d.gz/plain', 'x'), exec('/mnt/d.gz/plain')),
    scenario('the name of a link counts', ['link', '/mnt/foreign', '/mnt/link.jar'], register(`:jar:E::jar::${SHOW}:`), exec('/mnt/link.jar'), exec('/mnt/foreign')),
    scenario('an empty file with an extension', file('/mnt/e.jar', ''), register(`:jar:E::jar::${SHOW}:PO`), exec('/mnt/e.jar')),
    scenario('ELF files can be taken', showAt('/mnt/prog.mine'), register(`:mine:E::mine::${SHOW}:`), exec('/mnt/prog.mine'), ['write', 'mine', '0'], exec('/mnt/prog.mine')),
    scenario('an ELF rule that takes its own interpreter', register(`:elf:M::\\x7fELF::${SHOW}:`), exec(SHOW), exec('/mnt/foreign')),
    scenario('scripts can be taken', file('/mnt/script', `#!${SHOW} arg\n`), exec('/mnt/script'), register(`:sh:M::#!::${SHOW}:`), exec('/mnt/script'), ['write', 'status', '0'], exec('/mnt/script')),
    scenario('an interpreter that is a script', file('/mnt/itp', `#!${SHOW} arg\n`), rule('', '/mnt/itp'), exec('/mnt/foreign'), ['write', 'rule', '-1'], rule('P', '/mnt/itp'), exec('/mnt/foreign'), ['write', 'rule', '-1'], rule('O', '/mnt/itp'), exec('/mnt/foreign')),
    scenario('a script whose interpreter is foreign', file('/mnt/script', '#!/mnt/foreign -x\n'), rule(), exec('/mnt/script'), ['write', 'rule', '-1'], rule('P'), exec('/mnt/script'), ['write', 'rule', '-1'], rule('OC'), exec('/mnt/script')),
    scenario('five rewrites', ...chain(5)),
    scenario('six rewrites', ...chain(6)),
    scenario('five rewrites with P', ...chain(5, 'P')),
    scenario('two files to pass on', ...chain(2, 'O')),
    scenario('O at the end of a chain', ...chain(1, 'O'), file('/mnt/f0', 'CHAIN0.'), register(':f0:M::CHAIN0.::/mnt/f1:'), exec('/mnt/f0')),
    scenario('scripts and rules share the counter', file('/mnt/f4', '#!/mnt/s2\n'), file('/mnt/s2', `#!${SHOW}\n`), ...chain(3).slice(0, 5), register(':f3:M::CHAIN3.::/mnt/f4:'), exec('/mnt/f1'), file('/mnt/s2', '#!/mnt/s3\n'), file('/mnt/s3', `#!${SHOW}\n`), exec('/mnt/f1')),
    scenario('a rule whose interpreter it takes itself', rule('', '/mnt/foreign'), exec('/mnt/foreign')),
    scenario('a relative interpreter', rule('', 'show'), exec('/mnt/foreign'), ['cd', '/mnt'], exec('/mnt/foreign'), exec('foreign')),
    scenario('a relative interpreter with F', ['cd', '/mnt'], rule('F', 'show'), ['cd', '/'], exec('/mnt/foreign')),
    scenario('interpreters that do not open', rule('', '/mnt/none'), exec('/mnt/foreign'), ['write', 'rule', '-1'], rule('', '/mnt'), exec('/mnt/foreign'), ['write', 'rule', '-1'], rule('', `${SHOW}/x`), exec('/mnt/foreign'), ['write', 'rule', '-1'], showAt('/mnt/itp', 0o644), rule('', '/mnt/itp'), exec('/mnt/foreign')),
    scenario('an interpreter nobody knows', file('/mnt/text', 'text'), rule('', '/mnt/text'), exec('/mnt/foreign'), ['write', 'rule', '-1'], file('/mnt/bytes', '\x01\x02\x03\x04'), rule('', '/mnt/bytes'), exec('/mnt/foreign')),
    scenario('an interpreter behind a link', ['link', SHOW, '/mnt/link'], rule('', '/mnt/link'), exec('/mnt/foreign')),
    scenario('a file without permission', file('/mnt/foreign', 'MAGIC', 0o644), rule(), exec('/mnt/foreign'), file('/mnt/foreign', 'MAGIC', 0o700), execAs(1000, '/mnt/foreign')),
    scenario('a file that cannot be read is passed on', file('/mnt/foreign', 'MAGICsecret', 0o111), rule('O'), execAs(1000, '/mnt/foreign')),
    scenario('the interpreter without permission for the user', showAt('/mnt/itp', 0o700), rule('', '/mnt/itp'), execAs(1000, '/mnt/foreign'), ['write', 'rule', '-1'], rule('F', '/mnt/itp'), execAs(1000, '/mnt/foreign')),
    scenario('a set-user-id file', file('/mnt/foreign', 'MAGIC', 0o4755, 1234, 77), rule(), execAs(1000, '/mnt/foreign'), ['write', 'rule', '-1'], rule('C'), execAs(1000, '/mnt/foreign'), ['write', 'rule', '-1'], rule('O'), execAs(1000, '/mnt/foreign')),
    scenario('a set-group-id file', file('/mnt/foreign', 'MAGIC', 0o2755, 1234, 77), rule('C'), execAs(1000, '/mnt/foreign'), file('/mnt/foreign', 'MAGIC', 0o2745, 1234, 77), execAs(1000, '/mnt/foreign'), file('/mnt/foreign', 'MAGIC', 0o6755, 1234, 77), execAs(1000, '/mnt/foreign'), execAs(1234, '/mnt/foreign')),
    scenario('a set-user-id interpreter', showAt('/mnt/itp', 0o4755, 1234), rule('', '/mnt/itp'), execAs(1000, '/mnt/foreign'), ['write', 'rule', '-1'], rule('C', '/mnt/itp'), execAs(1000, '/mnt/foreign')),
    scenario('a set-user-id program', showAt('/mnt/itp', 0o4755, 1234), execAs(1000, '/mnt/itp'), file('/mnt/script', '#!/mnt/itp\n', 0o4755, 55), execAs(1000, '/mnt/script'), file('/mnt/s2', `#!${SHOW}\n`, 0o4755, 55), execAs(1000, '/mnt/s2')),
    scenario('descriptors and rules', rule('O'), ['exec-fd', '0', '/mnt/foreign', 'zero', 'one'], ['exec-fd', '1', '/mnt/foreign', 'zero', 'one'], ['exec-at', '0', '/mnt', 'foreign', 'zero'], ['exec-at', '1', '/mnt', 'foreign', 'zero'], ['exec-at', '1', '/mnt', '/mnt/foreign', 'zero']),
    scenario('descriptors and extensions', file('/mnt/a.jar', 'x'), register(`:jar:E::jar::${SHOW}:`), ['exec-fd', '0', '/mnt/a.jar', 'zero'], ['exec-at', '0', '/mnt', 'a.jar', 'zero']),
    scenario('descriptors and scripts', file('/mnt/script', `#!${SHOW} arg\n`), ['exec-fd', '0', '/mnt/script', 'zero', 'one'], ['exec-fd', '1', '/mnt/script', 'zero', 'one'], ['exec-at', '0', '/mnt', 'script', 'zero', 'one'], ['exec-at', '1', '/mnt', 'script', 'zero', 'one'], file('/mnt/blank', '#! \n'), ['exec-fd', '1', '/mnt/blank', 'zero']),
    scenario('descriptors and programs', ['exec-fd', '0', SHOW, 'zero', 'one'], ['exec-fd', '1', SHOW, 'zero', 'one'], ['exec-at', '1', '/mnt', 'show', 'zero'], ['exec-at', '1', '/mnt', 'none', 'zero']),
    scenario('files somebody writes to', showAt('/mnt/itp'), rule('', '/mnt/itp'), file('/mnt/script', '#!/mnt/itp\n'), ['busy', '/mnt/itp'], exec('/mnt/itp'), exec('/mnt/foreign'), exec('/mnt/script'), rule('F', '/mnt/itp'), register(':other:M::OTHER::/mnt/itp:F'), ['busy', '/mnt/foreign'], exec('/mnt/foreign'), ['exec-fd', '0', '/mnt/foreign', 'zero'], ['exec-flags', '65536', '/mnt/foreign'], ['busy', '']),
    scenario('programs that do not open', file('/mnt/closed', 'x', 0o644), ...['/mnt/none', '/mnt', `${SHOW}/x`, '/mnt/closed', ''].map((path) => exec(path)), showAt('/mnt/run-only', 0o111), execAs(1000, '/mnt/run-only'), showAt('/mnt/mine', 0o700), execAs(1000, '/mnt/mine'), execAs(0, '/mnt/mine')),
    scenario('flags of execveat', file('/mnt/text', 'text'), file('/mnt/closed', 'text', 0o644), ['link', SHOW, '/mnt/way'], ...(['2', '65536', '256', '257', String(0x100100), '0'] as const).map((flags): MiscCommand => ['exec-flags', flags, SHOW]), ['exec-flags', '65536', '/mnt/text'], ['exec-flags', '65536', '/mnt/closed'], ['exec-flags', '65536', '/mnt/none'], ['exec-flags', '256', '/mnt/way'], ['exec-flags', '0', '/mnt/way'], ['exec-flags', '0', ''], ['exec-flags', '2', '']),
    scenario('too many processes', ['exec-crowded', '1000', SHOW], ['exec-crowded', '1000', '/mnt/none'], ['exec-crowded', '1000', '']),
    scenario('one string', ['space', '8388608', SHOW, '131071'], ['space', '8388608', SHOW, '131072'], ['space', '8388608', SHOW, '131071', '131071'], ['space', '65536', SHOW, '131071']),
    scenario('a script', ...[`#!${SHOW}\n`, `#!${SHOW} -e\n`, `#!${SHOW}  -e \t x  \n`, `#! \t${SHOW}\n`, `#!${SHOW}\t\ta\tb\n`, `#!${SHOW}`, `#!${SHOW} `, `#!${SHOW} -e`, `#!${SHOW} -e  `, `#!${SHOW} \n`].flatMap(script)),
    scenario('lines that name nothing', ...['', '#', '#!', '#!\n', '#! \t \n', '#! ', '#!\t', '# !/mnt/show\n', ' #!/mnt/show\n', '\n#!/mnt/show\n', '\xef\xbb\xbf#!/mnt/show\n', '!#/mnt/show\n', `#!${' '.repeat(253)}\n`, `#!${' '.repeat(254)}/mnt/show\n`, `#!${' '.repeat(300)}`].flatMap(script)),
    scenario('carriage returns', ...[`#!${SHOW}\r\n`, `#!${SHOW} -e\r\n`, `#!${SHOW} \r\n`, `#!${SHOW}\r`].flatMap(script), showAt(`${SHOW}\r`), exec('/mnt/script')),
    scenario('NUL bytes', ...[`#!${SHOW}\0\n`, `#!${SHOW} -e\0x\n`, `#!${SHOW}\0 -e\n`, `#!\0${SHOW}\n`, `#! \0${SHOW}\n`, `#!${SHOW} \0\n`].flatMap(script)),
    scenario('names that end at the end of the buffer', ...[252, 253, 254, 255].flatMap((bytes) => [showAt(shownAs(Math.min(bytes, 253))), ...script(`#!${shownAs(bytes)}\n`), ...script(`#!${shownAs(bytes)} \n`), ...script(`#!${shownAs(bytes)}`), ...script(`#!${shownAs(bytes)} x`)])),
    scenario('blanks before a long name', ...[1, 5].flatMap((blanks) => [252, 253, 254].flatMap((bytes) => [showAt(shownAs(bytes - blanks)), ...script(`#!${' '.repeat(blanks)}${shownAs(bytes - blanks)}\n`)]))),
    scenario('arguments that are cut', ...[200, 243, 244, 245, 246, 400].flatMap((bytes) => [...script(`#!${SHOW} ${'a'.repeat(bytes)}\n`), ...script(`#!${SHOW} ${'a'.repeat(bytes - 2)} \n`), ...script(`#!${SHOW} ${'a '.repeat(bytes / 2)}z`)])),
    scenario('interpreters of scripts that do not open', ...['#!/mnt\n', '#!/mnt/none\n', `#!${SHOW}/x\n`, '#!show\n', '#!/mnt/plain\n'].flatMap(script), file('/mnt/plain', 'x', 0o644), exec('/mnt/script'), ['cd', '/mnt'], ...script('#!show\n'), ['exec', 'script', 'zero']),
    scenario('scripts in a row', ...[1, 2, 3, 4, 5, 6].map((at) => file(`/mnt/s${at}`, `#!${at === 1 ? SHOW : `/mnt/s${at - 1}`} a${at}\n`)), exec('/mnt/s4'), exec('/mnt/s5'), exec('/mnt/s6'), ...script('#!/mnt/script\n')),
    scenario('8 MiB of stack', ...boundary(8 << 20, 2 << 20)),
    scenario('4 MiB of stack', ...boundary(4 << 20, 1 << 20)),
    scenario('1 MiB of stack', ...boundary(1 << 20, 256 << 10)),
    scenario('512 KiB of stack', ...boundary(512 << 10, 128 << 10)),
    scenario('256 KiB of stack: never less than 128 KiB', ...boundary(256 << 10, 128 << 10)),
    scenario('24 MiB of stack', ...boundary(24 << 20, 6 << 20)),
    scenario('256 MiB of stack: never more than 6 MiB', ...boundary(256 << 20, 6 << 20)),
    scenario('unlimited stack', ...boundary(0, 6 << 20)),
    scenario('small stacks', ...[61440, 64500, 65300, 65500, 70000].map((length): MiscCommand => ['space', '65536', SHOW, String(length)]), ...[100000, 126000, 130000].map((length): MiscCommand => ['space', '131072', SHOW, String(length)])),
    scenario('pointers alone', ['count', '8388608', SHOW, '262142'], ['count', '8388608', SHOW, '262143'], ['count', '8388608', SHOW, '233013'], ['count', '8388608', SHOW, '233014'], ['count', '8388608', SHOW, '233015'], ['count', '8388608', SHOW, '233016'], ['count', '8388608', SHOW, '233017']),
    scenario('room for the rewrite of a rule', rule(), ...boundary(1 << 20, 256 << 10, '/mnt/foreign', SHOW.length + 1 + '/mnt/foreign'.length), ['write', 'rule', '-1'], rule('P'), ...boundary(1 << 20, 256 << 10, '/mnt/foreign', SHOW.length + 1 + '/mnt/foreign'.length + 1)),
    scenario('room for the rewrite of a script', file('/mnt/script', `#!${SHOW} -x\n`), ...boundary(1 << 20, 256 << 10, '/mnt/script', SHOW.length + 1 + 3 + '/mnt/script'.length)),
  ];
}
