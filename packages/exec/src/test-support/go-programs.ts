// Builds the Go programs of fixtures/plan9 for Plan 9 where this machine has Go.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../../../fixtures/plan9/', import.meta.url));
const PROGRAMS = ['hello', 'files', 'panics'];
const ARCHITECTURES = ['386', 'amd64'];

/** A program and the machine it was built for. */
export interface GoProgram {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** All programs for both machines, or the reason why there are none. */
export function buildGoPrograms(): readonly GoProgram[] | string {
  if (spawnSync('go', ['version']).status !== 0) return 'there is no go command on this machine';
  const directory = mkdtempSync(join(tmpdir(), 'elf-plan9-'));
  try {
    const cache = cacheDirectory(directory);
    return PROGRAMS.flatMap((program) =>
      ARCHITECTURES.map((architecture) => {
        const output = join(directory, `${program}.${architecture}`);
        const built = spawnSync('go', ['build', '-p', '2', '-trimpath', '-o', output, `${program}.go`], {
          cwd: SOURCES,
          env: { ...process.env, ...settings(architecture), GOCACHE: cache },
          timeout: 240_000,
        });
        if (built.status !== 0) throw new Error(`go build of ${program} failed: ${built.stderr} ${built.error ?? ''}`);
        return { name: `${program}.${architecture}`, bytes: new Uint8Array(readFileSync(output)) };
      }),
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Nothing is fetched: the programs need the standard library only. */
function settings(architecture: string) {
  return {
    GOOS: 'plan9',
    GOARCH: architecture,
    GO111MODULE: 'off',
    GOFLAGS: '',
    GOTOOLCHAIN: 'local',
    GOPROXY: 'off',
    CGO_ENABLED: '0',
  };
}

/** Kept between runs, so that the standard library is built once; beside the outputs where the home folder is read-only. */
function cacheDirectory(fallback: string): string {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  try {
    const directory = join(root, 'elf', 'go-plan9');
    mkdirSync(directory, { recursive: true });
    return directory;
  } catch {
    return join(fallback, 'cache');
  }
}
