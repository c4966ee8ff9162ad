// The initial stack against the real kernel: live where this machine can build and run the probe, recorded elsewhere.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytesBacking, UserMemory } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { run, succeed } from './test-support/run-execve.ts';

const STACK_TOP = 0x7ffffffff000;
const AT = { SYSINFO_EHDR: 33, RANDOM: 25, NULL: 0 };
/** Values that belong to the kernel's CPU, build or user, not to execve: fed to ours from the observation. */
const GIVEN = { MINSIGSTKSZ: 51, HWCAP: 16, HWCAP2: 26, UID: 11, EUID: 12, GID: 13, EGID: 14 };
/** AT_RSEQ_FEATURE_SIZE and AT_RSEQ_ALIGN grow with the kernel; the recorded kernel's are compared exactly. */
const VERSION_DEPENDENT = new Set([27, 28]);
const PATH = './dump-stack';
const RECORDED = fileURLToPath(new URL('../vectors/initial-stacks.json', import.meta.url));
const SOURCE = fileURLToPath(new URL('../native/dump-stack.S', import.meta.url));

interface Observation {
  readonly name: string;
  readonly argv: readonly string[];
  readonly envp: readonly string[];
  /** The probe itself and what it wrote, base64. */
  readonly program: string;
  readonly stack: string;
}

const CASES: readonly { name: string; flags: string; argv: string[]; envp: string[] }[] = [
  { name: 'ET_EXEC', flags: '-static', argv: [PATH, '--version'], envp: ['A=1', 'HOME=/root'] },
  { name: 'ET_EXEC without environment', flags: '-static', argv: [PATH], envp: [] },
  {
    name: 'static PIE',
    flags: '-static-pie',
    argv: [PATH, '', 'two words', 'x'.repeat(5000)],
    envp: ['EMPTY=', 'B=2', 'C=3'],
  },
];

/** Builds and runs the probe without address randomisation; undefined where that is impossible. */
function observeLive(): Observation[] | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'elf-exec-'));
  try {
    const observations: Observation[] = [];
    for (const { name, flags, argv, envp } of CASES) {
      const probe = join(directory, 'dump-stack');
      const built = spawnSync('gcc', ['-nostdlib', flags, '-Wl,--build-id=none', '-s', '-o', probe, SOURCE]);
      if (built.status !== 0) return undefined;
      const environment = Object.fromEntries(envp.map((entry) => entry.split('=') as [string, string]));
      const ran = spawnSync('setarch', ['-R', PATH, ...argv.slice(1)], { cwd: directory, env: environment });
      if (ran.status !== 0 || ran.stdout.length === 0) return undefined;
      const program = readFileSync(probe).toString('base64');
      observations.push({ name, argv, envp, program, stack: ran.stdout.toString('base64') });
    }
    return observations;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

interface Decoded {
  readonly stackPointer: number;
  readonly pointers: readonly number[];
  readonly vector: readonly (readonly [number, number])[];
  /** Bytes from the platform string to the top: gap, strings, file name, zeros. */
  readonly strings: Uint8Array;
}

function decode(stack: Uint8Array): Decoded {
  const view = new DataView(stack.buffer, stack.byteOffset, stack.byteLength);
  const word = (index: number) => Number(view.getBigUint64(index * 8, true));
  let index = 0;
  let zeros = 0;
  const pointers: number[] = [];
  while (zeros < 2) {
    const value = word(index++);
    if (value === 0 && index > 1) zeros++;
    pointers.push(value);
  }
  const vector: [number, number][] = [];
  do {
    vector.push([word(index), word(index + 1)]);
    index += 2;
  } while (vector.at(-1)?.[0] !== AT.NULL);
  const random = vector.find(([id]) => id === AT.RANDOM)?.[1] ?? 0;
  const stackPointer = STACK_TOP - stack.length;
  return { stackPointer, pointers, vector, strings: stack.subarray(random + 16 - stackPointer) };
}

function ours(observation: Observation, real: Decoded): Decoded {
  const given = (id: number) => real.vector.find(([each]) => each === id)?.[1] ?? 0;
  const bytes = new Uint8Array(Buffer.from(observation.program, 'base64'));
  const table = { [PATH]: { source: bytesSource(bytes), backing: bytesBacking(bytes) } };
  const outcome = succeed(
    run(table, {
      path: PATH,
      argv: observation.argv,
      envp: observation.envp,
      credentials: { uid: given(GIVEN.UID), euid: given(GIVEN.EUID), gid: given(GIVEN.GID), egid: given(GIVEN.EGID) },
      hardwareCapabilities: {
        hwcap: given(GIVEN.HWCAP),
        hwcap2: given(GIVEN.HWCAP2),
        minimumSignalStackBytes: given(GIVEN.MINSIGSTKSZ),
      },
    }),
  );
  const { stackPointer, space } = outcome;
  const stack = new UserMemory(space).read(stackPointer, STACK_TOP - stackPointer);
  if (stack === undefined) throw new Error('the stack cannot be read');
  return decode(stack);
}

const live = observeLive();
if (process.env.ELF_RECORD_STACKS && live) writeFileSync(RECORDED, `${JSON.stringify(live, undefined, 1)}\n`);
const recorded: Observation[] = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : [];
const rows = [
  ...recorded.map((each) => ({ ...each, source: 'recorded' })),
  ...(live ?? []).map((each) => ({ ...each, source: 'live' })),
];

describe('the initial stack of a real kernel', () => {
  it('was recorded for every case', () => {
    expect(recorded.map(({ name }) => name)).toEqual(CASES.map(({ name }) => name));
  });

  it.each(rows)('$source: $name', (observation) => {
    const real = decode(new Uint8Array(Buffer.from(observation.stack, 'base64')));
    const mine = ours(observation, real);
    expect(mine.pointers).toEqual(real.pointers);
    expect(mine.strings).toEqual(real.strings);
    // Entries differ by kernel version and by the vDSO we do not map; every entry more moves the stack pointer 16 lower.
    expect(mine.stackPointer - real.stackPointer).toBe(16 * (real.vector.length - mine.vector.length));
    const comparable = ({ vector }: Decoded, other: Decoded) =>
      vector.filter(([id]) => !VERSION_DEPENDENT.has(id) && other.vector.some(([each]) => each === id));
    expect(comparable(mine, real)).toEqual(comparable(real, mine));
    if (observation.source === 'live') return;
    const missing = real.vector.filter(([id]) => !mine.vector.some(([each]) => each === id)).map(([id]) => id);
    expect(missing).toEqual([AT.SYSINFO_EHDR]);
    expect(mine.vector).toEqual(real.vector.filter(([id]) => id !== AT.SYSINFO_EHDR));
  });
});
