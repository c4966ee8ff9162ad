// Core files in gdb: npm run test:cores. Five crashes, 64-bit and 32-bit, run natively under gdb and in our machine; gdb must tell the same story of our cores.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNodeHost } from '@elf/kernel/node';
import { createMachine } from '../create-machine.ts';

const SOURCE = fileURLToPath(new URL('../../../../fixtures/crashes-c/crashes.c', import.meta.url));
const CRASHES = ['null', 'overflow', 'abort', 'bus', 'undefined'];
const SIGNALS: Readonly<Record<string, number>> = { null: 11, overflow: 11, abort: 6, bus: 7, undefined: 4 };
/** Where a 32-bit program makes its calls: in the vDSO, or in ld.so where there is none. */
const CALL_PLACES = /__kernel_vsyscall \(\)|\?\? \(\) from \S*\/ld-linux\.so\.2/;
/** Frames that count: those of the program and of abort and raise, not how deep the stack happened to be. */
const FRAMES = 8;

const directory = mkdtempSync(join(tmpdir(), 'elf-cores-'));
process.chdir(directory);
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
/** Programs by name: 32-bit ones where the compiler has their libraries (gcc-multilib). */
const PROGRAMS = ['crashes', 'crashes32'].filter((name) => {
  const mode = name === 'crashes32' ? ['-m32'] : [];
  const words = [...mode, '-g', '-O1', '-fno-omit-frame-pointer', '-o', name, SOURCE, '-lpthread'];
  const { status, stderr } = spawnSync('gcc', words, { encoding: 'utf8' });
  if (status !== 0 && mode.length === 0) throw new Error(stderr);
  if (status !== 0) console.log(`no 32-bit programs: ${stderr.trim().split('\n').at(-1)}`);
  return status === 0;
});

/** gdb's words about the end: signal, number of threads, and the innermost frames without addresses, which differ by chance. */
function story(text: string): string[] {
  const signal =
    /(?:Program|Thread [^\n]*) (?:terminated with|received) signal (SIG\w+)/.exec(text)?.[1] ?? 'no signal';
  const threads = text.match(/^[* ] +\d+ +Thread /gm)?.length ?? 1;
  // Opening a core shows its innermost frame once more, before anything is asked.
  const frames = text
    .slice(text.lastIndexOf('\n#0 '))
    .split('\n')
    .filter((line) => /^#\d+ /.test(line))
    .slice(0, FRAMES)
    .map((line) =>
      line
        .replace(/0x[0-9a-f]+ in /, '')
        .replace(CALL_PLACES, 'the place of system calls')
        .replace(/(level|threadid|level@entry|words)=[^,)]*/g, '$1=...'),
    );
  return [signal, `${threads} threads`, ...frames];
}

const gdb = (...args: string[]) =>
  spawnSync('gdb', ['-nx', '-batch', '-iex', 'set debuginfod enabled off', ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  }).stdout;
const questions = ['-ex', 'info threads', '-ex', `backtrace ${FRAMES}`];

let equal = 0;
for (const name of PROGRAMS) {
  const program = join(directory, name);
  for (const how of CRASHES) {
    const native = story(gdb('-ex', `run ${how}`, ...questions, program));
    const machine = createMachine({ host: createNodeHost(), coreLimitInBytes: Number.POSITIVE_INFINITY });
    const outcome = await machine.run({ path: program, arguments: [name, how] });
    const expected = { kind: 'signaled', signal: SIGNALS[how], coreDumped: true };
    const ours = story(gdb(...questions, program, 'core'));
    const isEqual =
      JSON.stringify(outcome) === JSON.stringify(expected) && JSON.stringify(native) === JSON.stringify(ours);
    if (isEqual) equal += 1;
    const verdict = isEqual ? 'equal    ' : 'DIFFERENT';
    const size = existsSync('core') ? readFileSync('core').length : 0;
    console.log(`${verdict} ${name} ${how}: ${ours[0]}, ${ours[1]}, ${ours.length - 2} frames; core of ${size} bytes`);
    if (!isEqual) {
      console.log(
        `outcome ${JSON.stringify(outcome)}\nnatively:\n  ${native.join('\n  ')}\nours:\n  ${ours.join('\n  ')}`,
      );
    }
    rmSync('core', { force: true });
  }
}
const asked = PROGRAMS.length * CRASHES.length;
console.log(`${equal} of ${asked} cores tell gdb the same as the native program`);
process.exitCode = equal === asked ? 0 : 1;
