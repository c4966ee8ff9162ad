// Sessions of gdb with native programs and with the same programs under `elf run -g`: npm run test:gdb -- [--elf FILE] [--only TEXT].
//
// gdb must say the same of both. The command must be built, or FILE names another build; needs gdb and gcc, and for the 32-bit part gcc-multilib.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SOURCE = fileURLToPath(new URL('../../../../fixtures/debug-c/debugged.c', import.meta.url));
const LIMIT_MILLISECONDS = 120_000;

/** What is asked, after the program stands at its first instruction. */
interface Session {
  readonly name: string;
  readonly word?: string;
  readonly commands: readonly string[];
  /**
   * What ours must answer to commands after these. They write registers, which gdb 13 cannot do natively on a processor with AMX ("Couldn't
   * write extended state status: Bad address").
   */
  readonly ours?: readonly (readonly [command: string, answer: string])[];
}

const SESSIONS: readonly Session[] = [
  {
    name: 'calls',
    commands: [
      'break square',
      'continue',
      'info args',
      'backtrace',
      'next',
      'print result',
      'finish',
      'break square if x == 3',
      'delete 1',
      'continue',
      'print x',
      'set var x = 5',
      'stepi',
      'stepi',
      'x/2i $pc',
      'up',
      'print i',
      'down',
    ],
    ours: [
      ['print square(7)', '= 49'],
      ['finish', '= 25'],
    ],
  },
  {
    name: 'registers',
    commands: [
      'break scaled',
      'continue',
      'print $xmm0.v2_double[0]',
      'print/x $eflags & 0x246',
      'print/x $cs',
      'print $mxcsr',
      'print $fctrl',
      'print/x $ftag',
      'finish',
      'break doubled',
      'continue',
      'next',
      'print value',
      'print $st0',
      'print $_exitcode',
      'print $ymm3.v8_float',
      'print/x $orig_rax',
    ],
    ours: [
      ['set var $xmm5.v4_float[2] = 1.25', ''],
      ['print $xmm5.v4_float[2]', '= 1.25'],
      ['set var $st7 = 0.5', ''],
      ['print $st7', '= 0.5'],
      ['set var $eflags = 0x247', ''],
      ['print $eflags', '[ CF PF ZF IF ]'],
    ],
  },
  {
    name: 'watch',
    commands: ['break count', 'continue', 'watch counter', 'continue', 'continue', 'delete', 'continue'],
  },
  {
    name: 'signals',
    word: 'signals',
    commands: [
      'handle SIGUSR1 stop print pass',
      'break on_signal',
      'continue',
      'print $_siginfo.si_signo',
      'continue',
      'backtrace 1',
      'info args',
      'finish',
      'continue',
      'signal 0',
    ],
  },
  {
    name: 'threads',
    word: 'threads',
    // The last of them: which comes first is chance, and none can be over before this one reaches the barrier.
    commands: [
      'break worker if (long)number == 2',
      'continue',
      'info threads',
      'print (long)number',
      'next',
      'delete',
      'continue',
    ],
  },
  {
    name: 'crash',
    word: 'crash',
    commands: [
      'break store',
      'continue',
      'stepi',
      'continue',
      'print $_siginfo._sifields._sigfault.si_addr',
      'backtrace',
      'continue',
    ],
  },
  {
    name: 'exec',
    word: 'exec',
    commands: ['catch exec', 'continue', 'break on_signal', 'continue', 'continue', 'continue', 'info args', 'kill'],
  },
];

/** Between what both are asked and the answers that only ours gives. */
const MARK = '--- ours ---';

/** Lines that tell how gdb reaches a program, not what the program does. */
const WAYS =
  /^(Reading |warning: File transfers|warning: Could not load shared|\[Thread debugging|Using host libthread_db|\[New |\[Thread |\[Switching|\[Detaching|Program stopped\.|[* ]+\d+ +Thread | +Id +Target|\[Inferior 1 \(.*killed|Continuing)/;

/** What counts of a session: without ways, thread numbers, process numbers and where the stack happens to be. */
function story(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !WAYS.test(line))
    .map((line) =>
      line
        .replace(/^Thread \d+ "[^"]*" (hit|received)/, (_, what) => (what === 'hit' ? '' : 'Program received'))
        .replace(/^ /, '')
        .replace(/from target:/, 'from ')
        .replace(/\((process \d+|Remote target)\)/, '(it)')
        .replace(/^(process \d+|Remote target) is executing/, 'it is executing')
        .replace(/\((Exec|exec)'d /, '(Execd ')
        .replace(/0x(7f|ff)[0-9a-f]{6,}/g, '(stack or library)')
        .replace(/Hardware watchpoint/, 'Watchpoint')
        // Code of the vDSO, whose names gdb reads only from processes of its own computer.
        .replace(/^0x[0-9a-f]+ in (__kernel_vsyscall|\?\?) \(\)$/, '(vDSO)'),
    );
}

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { elf: text, only: text } });
const elf = values.elf ?? fileURLToPath(new URL('../../../../apps/cli/dist/elf.js', import.meta.url));
if (!existsSync(elf)) throw new Error(`There is no built command at ${elf}: npm run build.`);
const directory = mkdtempSync(join(tmpdir(), 'elf-gdb-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));

function build(name: string, options: readonly string[]): string | undefined {
  const program = join(directory, name);
  const words = [...options, '-g', '-O0', '-o', program, SOURCE, '-lpthread'];
  const { status, stderr } = spawnSync('gcc', words, { encoding: 'utf8' });
  if (status === 0) return program;
  console.log(`not built: ${name}: ${stderr.trim().split('\n').at(-1)}`);
  return undefined;
}

function gdb(program: string, start: readonly string[], commands: readonly string[]): Promise<string> {
  const settings = ['set debuginfod enabled off', 'set pagination off', 'set confirm off', 'set width 0'];
  const words = [
    ...settings.flatMap((line) => ['-iex', line]),
    ...[...start, ...commands].flatMap((line) => ['-ex', line]),
  ];
  const child = spawn('gdb', ['-nx', '-batch', ...words, program], { stdio: ['ignore', 'pipe', 'pipe'] });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MILLISECONDS);
  let said = '';
  // Two pipes: where a complaint stands among the answers is chance.
  let complained = '';
  child.stdout.on('data', (part: Buffer) => (said += part));
  child.stderr.on('data', (part: Buffer) => (complained += part));
  return new Promise((resolve) => {
    child.on('close', () => {
      clearTimeout(limit);
      resolve(`${complained}\n${said}`);
    });
  });
}

/** gdb with our command, which tells the port it was given. */
async function withOurs(program: string, word: string | undefined, commands: readonly string[]): Promise<string> {
  const words = ['run', '-g', '0', '--exit-code-only', program, ...(word === undefined ? [] : [word])];
  const child = spawn(process.execPath, [elf, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  const place = await new Promise<string | undefined>((resolve) => {
    child.stderr.on('data', (part: Buffer) => {
      said += part;
      const found = /target remote (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('close', () => resolve(undefined));
  });
  if (place === undefined) return said;
  const result = await gdb(program, [`target remote ${place}`], commands);
  child.kill('SIGKILL');
  return result;
}

const programs = [build('debugged', []), build('debugged32', ['-m32'])].filter((path) => path !== undefined);
const totals = { equal: 0, different: 0 };
for (const program of programs) {
  const isNarrow = program.endsWith('32');
  for (const { name, word, commands, ours: own = [] } of SESSIONS) {
    const title = `${isNarrow ? 'i386' : 'x86-64'} ${name}`;
    if (values.only !== undefined && !title.includes(values.only)) continue;
    const asked = commands.map((line) => (isNarrow ? line.replace('orig_rax', 'orig_eax') : line));
    const native = story(await gdb(program, [`set args ${word ?? ''}`, 'starti'], asked));
    const more = own.flatMap(([command]) => [`echo ${MARK}\\n`, command]);
    const said = story(await withOurs(program, word, [...asked, ...more]));
    const end = said.indexOf(MARK);
    const ours = end < 0 ? said : said.slice(0, end);
    const answers = said.slice(end).join('\n').split(MARK).slice(1);
    const wrong = own.filter(([, answer], index) => !answers[index]?.includes(answer)).map(([command]) => command);
    const isEqual = native.length > 2 && JSON.stringify(native.slice(1)) === JSON.stringify(ours.slice(1));
    const isRight = isEqual && wrong.length === 0;
    totals[isRight ? 'equal' : 'different'] += 1;
    console.log(`${isRight ? 'equal    ' : 'DIFFERENT'} ${title}: ${native.length} lines, ${own.length} answers`);
    for (const command of wrong) console.log(`    wrong answer to ${command}`);
    if (isEqual) continue;
    for (const line of native) if (!ours.includes(line)) console.log(`    natively  ${line}`);
    for (const line of ours) if (!native.includes(line)) console.log(`    ours      ${line}`);
    if (native.every((line) => ours.includes(line)))
      console.log(`    other order or number:\n${ours.join('\n')}\n    natively:\n${native.join('\n')}`);
  }
}
console.log(`${totals.equal} of ${totals.equal + totals.different} sessions of gdb are equal`);
process.exitCode = totals.different === 0 && totals.equal > 0 ? 0 : 1;
