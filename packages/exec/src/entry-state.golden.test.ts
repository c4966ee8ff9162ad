// Programs installed on this machine, stopped by ptrace before their first instruction: registers, maps and auxiliary vector against ours.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { nodeFiles } from './test-support/node-files.ts';
import { run, succeed } from './test-support/run-execve.ts';

const SOURCE = fileURLToPath(new URL('../native/entry-state.c', import.meta.url));
const PROBE = fileURLToPath(new URL('../native/dump-stack.S', import.meta.url));
const WANTED = 40;
/** AT_SYSINFO_EHDR (decision 0003), and the pair that grows with the kernel version. */
const NOT_COMPARED = new Set([33, 27, 28]);
/** Areas a kernel adds that belong to its vDSO. */
const VDSO_AREA = /\[(vvar|vvar_vclock|vdso|vsyscall)\]$/;
const GIVEN = { MINSIGSTKSZ: 51, HWCAP: 16, HWCAP2: 26, UID: 11, EUID: 12, GID: 13, EGID: 14 };

const directory = mkdtempSync(join(tmpdir(), 'elf-entry-'));
afterAll(() => rmSync(directory, { recursive: true }));

/** The tracer, built; undefined where that is impossible. */
function buildTracer(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const tracer = join(directory, 'entry-state');
  return spawnSync('gcc', ['-O1', '-o', tracer, SOURCE]).status === 0 ? tracer : undefined;
}

/** Executables of every kind: two of our own, then installed ones, spread over the alphabet. */
function programs(): string[] {
  const own = ['-static', '-static-pie'].map((flags) => {
    const path = join(directory, `probe${flags}`);
    spawnSync('gcc', ['-nostdlib', flags, '-o', path, PROBE]);
    return path;
  });
  const installed = ['/usr/bin', '/usr/sbin']
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []))
    .filter((path) => isOrdinaryProgram(path));
  const step = Math.max(1, Math.floor(installed.length / WANTED));
  const chosen = installed.filter((path, index) => index % step === 0 || /busybox|ldconfig|python3|gdb$/.test(path));
  return [...own, ...chosen, '/lib64/ld-linux-x86-64.so.2'].filter((path) => existsSync(path));
}

function isOrdinaryProgram(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  // No set-user-id files: a tracer changes what happens to them. No giants: this test reads files whole.
  if (stat === undefined) return false;
  return stat.isFile() && (stat.mode & 0o6111) === 0o111 && stat.size < 20_000_000;
}

interface Observed {
  readonly rip: string;
  readonly rsp: number;
  readonly maps: readonly string[];
  readonly vector: ReadonlyMap<number, number>;
}

function observe(tracer: string, path: string): Observed | undefined {
  const { status, stdout } = spawnSync(tracer, [path, 'one', 'two'], { encoding: 'utf8' });
  if (status !== 0) return undefined;
  const lines = (prefix: string) =>
    stdout.split('\n').flatMap((line) => (line.startsWith(`${prefix} `) ? [line.slice(prefix.length + 1)] : []));
  const vector = new Map(
    lines('auxv').map((line) => {
      const [id, value] = line.split(' ');
      return [Number(id), Number.parseInt(value, 16)] as const;
    }),
  );
  return { rip: lines('rip')[0], rsp: Number.parseInt(lines('rsp')[0], 16), maps: lines('map').map(essence), vector };
}

/** Addresses, permissions, offset and name: device and inode numbers of layered file systems differ between stat and maps. */
function essence(line: string): string {
  const [range, permissions, offset, , , ...name] = line.trimEnd().split(/ +/);
  return [range, permissions, offset, ...name].join(' ');
}

function ours(path: string, observed: Observed): Observed {
  const given = (id: number) => observed.vector.get(id) ?? 0;
  const files = {
    open(name: string) {
      const opened = nodeFiles.open(name, new Uint8Array(0));
      if (typeof opened === 'number' || opened.backing === undefined) return opened;
      const mapsEntry = { path: realpathSync(name), device: '00:00', inode: 0 };
      return { ...opened, backing: { ...opened.backing, mapsEntry } };
    },
  };
  const outcome = succeed(
    run(
      {},
      {
        path,
        argv: [path, 'one', 'two'],
        envp: ['A=1'],
        files,
        credentials: { uid: given(GIVEN.UID), euid: given(GIVEN.EUID), gid: given(GIVEN.GID), egid: given(GIVEN.EGID) },
        hardwareCapabilities: {
          hwcap: given(GIVEN.HWCAP),
          hwcap2: given(GIVEN.HWCAP2),
          minimumSignalStackBytes: given(GIVEN.MINSIGSTKSZ),
        },
      },
    ),
  );
  expect(outcome.space.checkInvariants()).toEqual([]);
  return {
    rip: outcome.entry.toString(16),
    rsp: outcome.stackPointer,
    maps: outcome.space.mapsText().trimEnd().split('\n').map(essence),
    vector: new Map(outcome.auxiliaryVector.map(({ id, value }) => [id, value])),
  };
}

const comparable = ({ vector }: Observed) => [...vector].filter(([id]) => id !== 0 && !NOT_COMPARED.has(id));

describe('the state at the first instruction', () => {
  const tracer = buildTracer();
  const rows = tracer === undefined ? [] : programs();

  it('was compared for enough programs, where they can be traced', () => {
    expect(rows.length).toBeGreaterThanOrEqual(tracer === undefined ? 0 : 3);
  });

  it.each(rows)('%s', (path) => {
    const observed = observe(tracer as string, path);
    // Scripts and images of other machines end before their first instruction.
    if (observed === undefined) {
      expect(run({}, { path, argv: [path], files: nodeFiles }).ok).toBe(false);
      return;
    }
    const mine = ours(path, observed);
    expect(mine.maps).toEqual(observed.maps.filter((line) => !VDSO_AREA.test(line)));
    expect(mine.rip).toBe(observed.rip);
    expect(comparable(mine)).toEqual(comparable(observed));
    const entries = ({ vector }: Observed) => [...vector.keys()].filter((id) => id !== 0).length;
    expect(mine.rsp - observed.rsp).toBe(16 * (entries(observed) - entries(mine)));
  });
});
