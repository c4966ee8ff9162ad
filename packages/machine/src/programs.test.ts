// Real programs, natively and here: standard output, standard error and exit status must be equal. Prints a table with output hashes.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bytesInput, sinkOutput } from '@elf/kernel';
import { createNodeHost } from '@elf/kernel/node';
import { afterAll, describe, expect, it } from 'vitest';
import { createMachine } from './index.ts';
import { smallProgram } from './test-support/small-program.ts';

const fixtures = fileURLToPath(new URL('../../../fixtures/', import.meta.url));
const work = mkdtempSync(join(tmpdir(), 'elf-programs-'));
const isNative = process.platform === 'linux' && process.arch === 'x64';
const rows: string[] = [];

interface Result {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly status: number | string;
}

interface Case {
  readonly program: string;
  readonly args: readonly string[];
}

async function runHere({ program, args }: Case): Promise<Result> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  const streams = {
    input: bytesInput(new Uint8Array(0)),
    output: sinkOutput((bytes) => stdout.push(Buffer.from(bytes)), 2),
    error: sinkOutput((bytes) => stderr.push(Buffer.from(bytes)), 3),
  };
  const machine = createMachine({ host: { ...createNodeHost({ workingDirectory: work }), streams } });
  const outcome = await machine.run({
    path: program,
    arguments: [program, ...args],
    environment: ['LC_ALL=C', 'TZ=UTC'],
  });
  const status =
    outcome.kind === 'exited' ? outcome.code : outcome.kind === 'signaled' ? `signal ${outcome.signal}` : outcome.kind;
  return { stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString(), status };
}

function runNatively({ program, args }: Case): Result {
  const options = { cwd: work, env: { LC_ALL: 'C', TZ: 'UTC' }, input: '', maxBuffer: 1 << 26 };
  const { stdout, stderr, status, signal } = spawnSync(program, args, options);
  const numbers: Readonly<Record<string, number>> = {
    SIGKILL: 9,
    SIGTERM: 15,
    SIGBUS: 7,
    SIGSEGV: 11,
    SIGILL: 4,
    SIGFPE: 8,
    SIGTRAP: 5,
  };
  return { stdout, stderr: stderr.toString(), status: status ?? `signal ${numbers[signal ?? ''] ?? signal}` };
}

/** A compiled twin of the C fixture, where the compiler exists. */
function compiled(compiler: string): Case[] {
  const target = join(work, `printf-${compiler}`);
  const source = join(fixtures, 'printf-c/printf.c');
  const { status } = spawnSync(compiler, ['-static', '-O2', '-o', target, source, '-lm'], { stdio: 'ignore' });
  return status === 0 ? [{ program: target, args: ['text', '3.14159'] }] : [];
}

function busyboxCases(): Case[] {
  const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path));
  if (busybox === undefined) return [];
  const lines = Array.from({ length: 40_000 }, (_, index) => `${(index * 7919) % 100_003} line ${index}`).join('\n');
  // Half text, half noise that does not compress, 1 MiB in all.
  const noise = Buffer.alloc(524_288);
  for (let at = 0, state = 1; at < noise.length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    noise[at] = state >>> 16;
  }
  const data = Buffer.concat([noise, Buffer.from(lines)]).subarray(0, 1 << 20);
  mkdirSync(join(work, 'list/inner'), { recursive: true });
  writeFileSync(join(work, 'list/a-file'), 'content\n');
  writeFileSync(join(work, 'data'), data);
  writeFileSync(join(work, 'data.gz'), gzipSync(data));
  writeFileSync(join(work, 'lines'), `${lines}\n`);
  writeFileSync(join(work, 'script'), `#!${busybox} sh -u\ntr '\\0' ' ' < /proc/$$/cmdline; echo "$@"\n`, {
    mode: 0o755,
  });
  // Linux gives up on it when the old program is gone already: offset and address of its segment differ in the page.
  writeFileSync(join(work, 'torn'), smallProgram({ fileBytes: 4096, segmentOffset: 16 }), { mode: 0o755 });
  const commands: string[][] = [
    ['true'],
    ['sh', '-c', './script one "two three"'],
    ['sh', '-c', './torn; echo $?; exec ./torn; echo not reached'],
    ['sh', '-c', 'i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done; echo $i'],
    ['sha256sum', 'data'],
    ['sort', 'lines'],
    ['sed', 's/9/nine/g', 'lines'],
    ['awk', '{ sum += $1; if ($1 > most) most = $1 } END { print NR, sum, most, sum / NR }', 'lines'],
    ['gzip', '-c', 'data'],
    ['gunzip', '-c', 'data.gz'],
    ['ls', '-l', 'list'],
    ['date', '-u', '-d', '@0'],
    ['sh', '-c', 'echo a | cat; (exit 3); echo $?; kill -9 $$'],
    ['cat', 'missing'],
    ['sh', '-c', 'trap "echo caught" USR1; kill -USR1 $$; echo done; ls list > out && cat out && rm out'],
    ['find', 'list'],
    ['sh', '-c', 'for i in 1 2 3; do echo $i; done | sort -r | head -2; cat lines | wc -l'],
  ];
  return commands.map((args) => ({ program: busybox, args }));
}

afterAll(() => {
  rmSync(work, { recursive: true, force: true });
  console.log(
    ['program                                                       status  sha256 of stdout', ...rows].join('\n'),
  );
});

describe('committed fixtures print what was recorded', () => {
  it.each([
    [{ program: join(fixtures, 'printf-c/printf-musl'), args: ['text', '3.14159'] }, 'b609', 3],
    [{ program: join(fixtures, 'faults-asm/faults'), args: ['e'] }, 'e3b0', 3],
    [{ program: join(fixtures, 'memory-c/memory-musl'), args: [] }, '045c', 21],
  ])('%o', async (one, hash, status) => {
    const ours = await runHere(one);
    expect(createHash('sha256').update(ours.stdout).digest('hex').slice(0, 4)).toBe(hash);
    expect(ours.status).toBe(status);
  });
});

const nativeCases: Case[] = isNative
  ? [
      { program: join(fixtures, 'hello-asm/hello'), args: ['a', 'b c'] },
      ...['s', 'x', 'u', 'd', 'p', 'b', 'k', 'e', 'n'].map((kind) => ({
        program: join(fixtures, 'faults-asm/faults'),
        args: [kind],
      })),
      { program: join(fixtures, 'printf-c/printf-musl'), args: ['text', '3.14159'] },
      ...[[], ['bus']].map((args) => ({ program: join(fixtures, 'memory-c/memory-musl'), args })),
      ...compiled('gcc'),
      ...compiled('musl-gcc'),
      ...busyboxCases(),
    ]
  : [];

describe('programs do what they do natively', () => {
  it('there is something to compare on this kind of host', () => {
    expect(nativeCases.length > 0).toBe(isNative);
  });
  for (const one of nativeCases) {
    const name = `${one.program.slice(one.program.lastIndexOf('/') + 1)} ${one.args.join(' ')}`;
    it(name, async () => {
      const native = runNatively(one);
      const ours = await runHere(one);
      rows.push(
        `${name.slice(0, 60).padEnd(60)}  ${String(ours.status).padEnd(6)}  ${createHash('sha256').update(ours.stdout).digest('hex').slice(0, 16)}`,
      );
      expect(ours.stderr).toBe(native.stderr);
      expect(ours.status).toBe(native.status);
      expect(ours.stdout.equals(native.stdout)).toBe(true);
    });
  }
});
