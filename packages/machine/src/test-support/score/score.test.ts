// The score runner: endings and their verdicts, cases of lists and directories, one run, and the tables people read.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type RunResult, runCase } from './run-case.ts';
import {
  type CaseResults,
  isWorseThan,
  readResults,
  type ScoreResults,
  scoreTable,
  worseCases,
  writeResults,
} from './score-report.ts';
import { readCases, wordsOf } from './test-case.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const work = mkdtempSync(join(tmpdir(), 'elf-score-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function put(name: string, content: string, mode = 0o755): string {
  const path = join(work, name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('the verdict of an ending', () => {
  it.each<[number | undefined, Verdict]>([
    [0, 'PASS'],
    [1, 'FAIL'],
    [2, 'BROK'],
    [3, 'FAIL'],
    [4, 'WARN'],
    [5, 'FAIL'],
    [6, 'BROK'],
    [32, 'CONF'],
    [36, 'WARN'],
    [64, 'FAIL'],
    [127, 'FAIL'],
    [139, 'KILLED'],
    [undefined, 'KILLED'],
  ])('%s is %s', (status, verdict) => {
    expect(verdictOf({ status, isLate: false })).toBe(verdict);
    expect(verdictOf({ status, isLate: true })).toBe('TIMEOUT');
  });
});

describe('cases', () => {
  it('are the lines of a list', () => {
    const list = put('list', '# heads\nabs01 abs01\n\n  cp01\tcp -r  a b\nalone\n', 0o644);
    expect(readCases(list)).toEqual([
      { name: 'abs01', command: 'abs01' },
      { name: 'cp01', command: 'cp -r a b' },
      { name: 'alone', command: 'alone' },
    ]);
  });

  it('are the executable files of a directory, each under a name of its own', () => {
    for (const directory of ['tests', 'tests/a', 'tests/b']) mkdirSync(join(work, directory));
    for (const name of ['tests/b/same', 'tests/a/same', 'tests/first']) put(name, '');
    put('tests/readme', '', 0o644);
    expect(readCases(join(work, 'tests'))).toEqual([
      { name: 'same', command: join(work, 'tests/a/same') },
      { name: 'b/same', command: join(work, 'tests/b/same') },
      { name: 'first', command: join(work, 'tests/first') },
    ]);
  });

  it('are started by their path, scripts and lines with shell syntax by the shell', () => {
    const binary = put('binary', '\x7fELF');
    const script = put('script', '#!/bin/sh\n');
    const start = (command: string, path = [join(work, 'none'), work]) => wordsOf({ name: 'x', command }, path);
    expect(start('binary -a b')).toEqual([binary, '-a', 'b']);
    expect(start(`${binary} -a`)).toEqual([binary, '-a']);
    expect(start('script one')).toEqual(['/bin/sh', script, 'one']);
    expect(start('binary "a b"')).toEqual(['/bin/sh', '-c', 'binary "a b"']);
    expect(start('binary', [])).toBeUndefined();
    expect(start('missing')).toBeUndefined();
    expect(start('tests')).toBeUndefined();
  });
});

describe.runIf(existsSync('/bin/sh'))('one run', () => {
  const shell = (command: string, limitInSeconds = 30) =>
    runCase({
      words: ['/bin/sh', '-c', command],
      environment: { PATH: '/usr/bin:/bin', NAME: 'value' },
      limitInSeconds,
    });

  it('has the environment it is given and a directory of its own, which goes', async () => {
    const said = join(work, 'said');
    const result = await shell(`echo "$NAME $HOME"; pwd; test "$PWD" = "$TMPDIR" && : > left; pwd > ${said}; exit 1`);
    expect(result).toMatchObject({ verdict: 'FAIL', output: expect.stringMatching(/^value \n\/.*elf-score-/) });
    const directory = result.output.split('\n')[1];
    expect(existsSync(said)).toBe(true);
    expect(existsSync(directory)).toBe(false);
  });

  it('keeps what complains, or the last lines, of what did not pass', async () => {
    expect(await shell('echo fine')).toMatchObject({ verdict: 'PASS', output: '' });
    const noisy = await shell('echo one; echo "x.c:3: TFAIL: no"; echo "an Error here" >&2; echo two; exit 32');
    expect(noisy).toMatchObject({ verdict: 'CONF', output: 'x.c:3: TFAIL: no\nan Error here' });
    const quiet = await shell('i=0; while [ $i -lt 20 ]; do i=$((i + 1)); echo line $i; done; kill -9 $$');
    expect(quiet.verdict).toBe('KILLED');
    expect(quiet.output.split('\n')).toEqual(Array.from({ length: 12 }, (_, index) => `line ${index + 9}`));
  });

  it('ends with its limit, together with what it started', async () => {
    const late = await shell('sleep 1000 & echo $!; exec sleep 1000', 0.3);
    expect(late.verdict).toBe('TIMEOUT');
    expect(late.seconds).toBeLessThan(20);
    const child = Number(late.output);
    expect(child).toBeGreaterThan(0);
    // Killed with its group; its place in the table may stand until somebody waits for it.
    await expect.poll(() => isRunning(child), { timeout: 5000 }).toBe(false);
  });

  it('says that there is no such runner', async () => {
    const words = [join(work, 'no-such-runner')];
    await expect(runCase({ words, environment: {}, limitInSeconds: 5 })).rejects.toThrow('ENOENT');
  });
});

function isRunning(id: number): boolean {
  try {
    process.kill(id, 0);
    return !existsSync(`/proc/${id}/stat`) || !/\) Z /.test(readStat(id));
  } catch {
    return false;
  }
}

function readStat(id: number): string {
  try {
    return readFileSync(`/proc/${id}/stat`, 'latin1');
  } catch {
    return ') Z ';
  }
}

describe('reports', () => {
  const result = (verdict: Verdict, output = ''): RunResult => ({ verdict, seconds: 1, output });
  const results: ScoreResults = new Map<string, CaseResults>([
    ['good', { native: result('PASS'), qemu: result('PASS'), elf: result('PASS') }],
    ['worse', { native: result('PASS'), qemu: result('FAIL'), elf: result('FAIL', 'TFAIL: a\nTFAIL: b') }],
    ['equal', { native: result('CONF'), elf: result('CONF') }],
    ['open', { native: result('PASS') }],
  ]);

  it('count verdicts by runner', () => {
    expect(scoreTable(results, ['native', 'qemu', 'elf']).split('\n')).toEqual([
      'runner        cases     PASS     CONF     FAIL',
      'native            4        3        1        0',
      'qemu              2        1        0        1',
      'elf               3        1        1        1',
    ]);
  });

  it('list where ours is worse, and only there', () => {
    expect([...results.values()].map((each) => isWorseThan(each, 'elf', 'native'))).toEqual([
      false,
      true,
      false,
      false,
    ]);
    expect(worseCases(results, 'elf', ['native', 'qemu', 'elf'])).toBe(
      'worse: FAIL, where native pass\n    TFAIL: a\n    TFAIL: b',
    );
  });

  it('are kept in a file that a later run continues', () => {
    const file = join(work, 'results.json');
    expect(readResults(file).size).toBe(0);
    expect(readResults(undefined).size).toBe(0);
    writeResults(file, results);
    expect(readResults(file)).toEqual(results);
  });
});
