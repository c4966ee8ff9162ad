// Go programs for Plan 9, built where there is Go and run: what they print is what the same programs print everywhere, or what Go says of Plan 9's notes.
import { describe, expect, it } from 'vitest';
import { buildForPlan9, hasGo } from './test-support/go-for-plan9.ts';
import { runPlan9 } from './test-support/run-plan9.ts';

const isBuilt = hasGo();
if (!isBuilt) console.warn('Plan 9 programs of Go are not run: there is no go command on this machine.');
/** Go compiles and half a million to twenty million instructions run. */
const TIMEOUT = 300_000;

describe.skipIf(!isBuilt).each(['amd64', '386'])('a Go program for Plan 9, %s', { timeout: TIMEOUT }, (machine) => {
  const run = (name: string, request?: Parameters<typeof runPlan9>[1]) =>
    runPlan9(buildForPlan9(name, machine), request);

  it('prints its arguments and environment, and exits with its number', async () => {
    const request = { arguments: ['hello', 'fail', 'ein Wort', ''], environment: ['user=glenda'] };
    const { output, error, outcome } = await run('hello', request);
    expect(output).toBe(
      'hello from Plan 9\nargument 0: "hello"\nargument 1: "fail"\nargument 2: "ein Wort"\nargument 3: ""\nuser "glenda", 100000 zero bytes\n',
    );
    expect(error).toBe('');
    expect(outcome).toEqual({ kind: 'exited', code: 3, message: '3' });
  });

  it('works with files', async () => {
    const { output, outcome, machine: ran } = await run('files');
    // 0640 in a directory of 0700: a new file has no more rights than its directory (open(5)).
    expect(output).toBe('one 4000 -rw-------\nthree 18000 -rw-------\nzwei 8000 -rw-------\n"three\\n"\ntrue\n');
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    expect(ran.kernel.tree.mounts.entries('/tmp')).toEqual([]);
  });

  it('recovers from notes, and dies of a panic with its trace', async () => {
    const { output, error, outcome } = await run('panics');
    expect(output).toBe(
      'nil pointer -> runtime error: invalid memory address or nil pointer dereference\n' +
        'division -> runtime error: integer divide by zero\n' +
        'index -> runtime error: index out of range [1] with length 1\n',
    );
    expect(error).toMatch(
      /^panic: the end\n\ngoroutine 1 \[running\]:\nmain\.main\(\)\n\t.*panics\.go:25 \+0x[0-9a-f]+\n$/,
    );
    expect(outcome).toEqual({ kind: 'exited', code: 2, message: '2' });
  });

  it('runs goroutines in processes that share memory, with timers and a garbage collector', async () => {
    const { output, error, outcome, machine: ran } = await run('concurrency');
    expect(error).toBe('');
    expect(output).toBe('sum 500500\ntimer true\nlocked true\nnodes 8188 2047 true\n');
    expect(outcome).toEqual({ kind: 'exited', code: 0 });
    // The processes behind its threads are gone.
    expect(ran.kernel.processes.size).toBe(0);
    expect(ran.kernel.threads.size).toBe(0);
  });

  it('starts children and talks to them', async () => {
    const { output, error } = await run('children', { arguments: ['/bin/program'] });
    expect(error).toBe('');
    expect(output).toBe(
      '"[two words ] green\\n" <nil>\n"ONE\\nTWO\\nTHREE\\n" <nil>\nfailed true false\nmissing true\npipe <nil>\nlines 1000\n',
    );
  });
});
