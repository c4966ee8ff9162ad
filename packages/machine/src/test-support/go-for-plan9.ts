// A Go program of fixtures/plan9 as a Plan 9 program, built where this machine has Go. Nothing is fetched: the standard library is enough.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../../../fixtures/plan9/', import.meta.url));

/** True where the go command is. */
export function hasGo(): boolean {
  return spawnSync('go', ['version']).status === 0;
}

/** The bytes of a program for a machine. What go compiles is kept between runs. */
export function buildForPlan9(name: string, machine: string): Uint8Array {
  const directory = mkdtempSync(join(tmpdir(), 'elf-go-'));
  try {
    const output = join(directory, name);
    const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'elf', 'go-plan9');
    const target = { GOOS: 'plan9', GOARCH: machine, CGO_ENABLED: '0', GOCACHE: cache };
    const offline = { GO111MODULE: 'off', GOFLAGS: '', GOTOOLCHAIN: 'local', GOPROXY: 'off' };
    const built = spawnSync('go', ['build', '-p', '2', '-trimpath', '-o', output, `${name}.go`], {
      cwd: SOURCES,
      env: { ...process.env, ...target, ...offline },
      timeout: 240_000,
    });
    if (built.status !== 0) throw new Error(`go build of ${name} failed: ${built.stderr} ${built.error ?? ''}`);
    return new Uint8Array(readFileSync(output));
  } finally {
    rmSync(directory, { recursive: true });
  }
}
