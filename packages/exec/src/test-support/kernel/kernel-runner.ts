// Asks the kernel of this machine: builds the native runner, hands it cases and reads what became of them.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecLimits } from '../../exec-request.ts';
import { program32 } from './crafted-case.ts';
import type { EntryState } from './entry-state.ts';
import { alignsToHugePages } from './host-files.ts';

const SOURCE = fileURLToPath(new URL('../../../native/run-cases.c', import.meta.url));
/** First kernel whose rules the linux profile states: 6.15 moved the heap of static PIE programs. */
const OLDEST_KERNEL = [6, 15];
const CODE_SEGMENT_OF_I386 = '23';
const AT_RANDOM = 25;
const RANDOM_BYTES = 16;
/** Fields of /proc/PID/stat by their number in man 5 proc. */
const STAT_FIELDS = {
  startCode: 26,
  endCode: 27,
  startStack: 28,
  startData: 45,
  endData: 46,
  startBrk: 47,
  argumentStart: 48,
  argumentEnd: 49,
  environmentStart: 50,
  environmentEnd: 51,
} as const;

/** A string of an execve; a number stands for so many times the letter x. */
export type CaseString = string | number;

/** One execve. */
export interface KernelCase {
  readonly path: string;
  /** null: a null pointer instead of an array. */
  readonly argv: readonly CaseString[] | null;
  readonly envp: readonly CaseString[];
  readonly limits?: ExecLimits;
  /** As user 65534 when the runner is root. */
  readonly unprivileged?: boolean;
  /** This file is open for writing meanwhile. */
  readonly busy?: string;
  /** This directory is mounted noexec for the program. */
  readonly noexec?: string;
  readonly directory?: string;
  readonly randomized?: boolean;
  /** Stop before the first instruction and report the state, with the content of so many pages of each area. */
  readonly contentPages?: number;
}

/** What came of a case: "errno N", "signal N", "exit N", "started" with its state, or "unavailable WHY". */
export interface Observation {
  readonly outcome: string;
  readonly state?: EntryState;
}

/** A runner that answers. */
export interface KernelRunner {
  /** Whether the kernel starts 32-bit programs: CONFIG_IA32_EMULATION, and not switched off. */
  readonly startsI386: boolean;
  run(cases: readonly KernelCase[]): Observation[];
}

/** Facts of this kernel and user that outcomes depend on. */
export interface KernelFacts {
  readonly uid: number;
  readonly gid: number;
  /** vm.mmap_min_addr. */
  readonly minimumAddress: number;
  /** The file system of the crafted files puts big mappings where huge pages fit. */
  readonly alignsToHugePages: boolean;
}

/**
 * Builds the runner in `directory`.
 * @returns why there is none, as a sentence, on other systems, older kernels, or without a compiler.
 */
export function kernelRunner(directory: string): KernelRunner | string {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'this is not Linux on x86-64';
  const [major, minor] = release().split('.').map(Number);
  if (major < OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor < OLDEST_KERNEL[1])) {
    return `Linux ${release()} is older than ${OLDEST_KERNEL.join('.')}, whose rules are compared`;
  }
  const program = join(directory, '.run-cases');
  const built = spawnSync('gcc', ['-O1', '-o', program, SOURCE]);
  if (built.status !== 0) return 'gcc cannot build the runner';
  const list = join(directory, '.cases');
  const run = (cases: readonly KernelCase[]) => {
    writeFileSync(list, Buffer.concat(cases.map(words)));
    const ran = spawnSync(program, [list], { maxBuffer: 1 << 30 });
    if (ran.error) throw ran.error;
    const blocks = ran.stdout
      .toString('latin1')
      .split(/^outcome /m)
      .slice(1);
    if (blocks.length !== cases.length)
      throw new Error(`the runner answered ${blocks.length} of ${cases.length} cases`);
    return blocks.map(parseObservation);
  };
  const [probe] = run([{ path: '/proc/self/exe', argv: ['probe'], envp: [], contentPages: 1 }]);
  if (probe.outcome !== 'started') return `programs cannot be traced here (${probe.outcome})`;
  const compat = join(directory, '.i386');
  writeFileSync(compat, program32());
  chmodSync(compat, 0o755);
  const [started] = run([{ path: compat, argv: ['probe'], envp: [] }]);
  return { run, startsI386: started.outcome === 'exit 0' };
}

/** Facts of this machine. */
export function kernelFacts(): KernelFacts {
  const limit = '/proc/sys/vm/mmap_min_addr';
  return {
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    minimumAddress: existsSync(limit) ? Number(readFileSync(limit, 'utf8')) : 65536,
    alignsToHugePages: alignsToHugePages(tmpdir()),
  };
}

/** A case in the runner's language. */
function words(kernelCase: KernelCase): Buffer {
  const { argv, envp, limits } = kernelCase;
  const list: string[] = [`p${kernelCase.path}`];
  if (argv === null) list.push('n');
  for (const text of argv ?? []) list.push(typeof text === 'number' ? `A${text}` : `a${text}`);
  for (const text of envp) list.push(typeof text === 'number' ? `E${text}` : `e${text}`);
  const bytes = (limit: number) => (limit === Number.POSITIVE_INFINITY ? '-1' : String(limit));
  if (limits?.stackLimitInBytes !== undefined) list.push(`s${bytes(limits.stackLimitInBytes)}`);
  if (limits?.addressSpaceLimitInBytes !== undefined) list.push(`v${bytes(limits.addressSpaceLimitInBytes)}`);
  if (limits?.dataLimitInBytes !== undefined) list.push(`d${bytes(limits.dataLimitInBytes)}`);
  if (kernelCase.unprivileged) list.push('u');
  if (kernelCase.busy !== undefined) list.push(`w${kernelCase.busy}`);
  if (kernelCase.noexec !== undefined) list.push(`q${kernelCase.noexec}`);
  if (kernelCase.directory !== undefined) list.push(`c${kernelCase.directory}`);
  if (kernelCase.randomized) list.push('r');
  if (kernelCase.contentPages !== undefined) list.push(`t${kernelCase.contentPages}`);
  return Buffer.from([...list, 'x', ''].join('\0'), 'latin1');
}

function parseObservation(block: string): Observation {
  const [outcome, ...lines] = block.trimEnd().split('\n');
  return outcome === 'started' ? { outcome, state: parseState(lines) } : { outcome };
}

function parseState(lines: readonly string[]): EntryState {
  const all = (word: string) =>
    lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));
  const registers = Object.fromEntries(all('register').map((line) => line.split(' ') as [string, string]));
  const abi = registers.cs === CODE_SEGMENT_OF_I386 ? 'i386' : 'x86-64';
  const stat = all('stat')[0];
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const auxiliaryVector = pairs(Buffer.from(all('auxv')[0], 'hex'), abi === 'i386' ? 4 : 8);
  const stack = new Uint8Array(Buffer.from(all('stack')[0], 'hex'));
  const randomAddress = auxiliaryVector.find(([id]) => id === AT_RANDOM)?.[1] ?? registers.rsp;
  const random = Number.parseInt(randomAddress, 16) - Number.parseInt(registers.rsp, 16);
  return {
    abi,
    registers,
    maps: all('map').map(essence),
    auxiliaryVector,
    stack,
    random: Buffer.from(stack.subarray(random, random + RANDOM_BYTES)).toString('hex'),
    marks: Object.fromEntries(Object.entries(STAT_FIELDS).map(([name, field]) => [name, Number(fields[field - 3])])),
    content: Object.fromEntries(all('content').map((line) => line.split(' ') as [string, string])),
  };
}

/** Addresses, permissions, offset and name: device and inode numbers of layered file systems differ between stat and maps. */
function essence(line: string): string {
  const [range, permissions, offset, , , ...name] = line.trimEnd().split(/ +/);
  return [range, permissions, offset, ...name].join(' ');
}

/** The vector up to AT_NULL. */
function pairs(bytes: Buffer, wordBytes: 4 | 8): [number, string][] {
  const entries: [number, string][] = [];
  const word = (at: number) => (wordBytes === 4 ? BigInt(bytes.readUInt32LE(at)) : bytes.readBigUInt64LE(at));
  for (let at = 0; at + 2 * wordBytes <= bytes.length; at += 2 * wordBytes) {
    const id = Number(word(at));
    entries.push([id, word(at + wordBytes).toString(16)]);
    if (id === 0) break;
  }
  return entries;
}
