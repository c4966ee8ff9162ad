// /proc/PID/stat, status, limits and fdinfo (fs/proc/array.c, fs/proc/base.c, fs/proc/fd.c).
import type { OpenDescription, Process, Thread } from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { watchText } from '../calls/inotify.ts';
import { limitOf, RESOURCES } from '../calls/resource-limits.ts';
import { capabilitiesOf } from '../capabilities.ts';
import { statusFlags } from '../descriptor-flags.ts';
import { inheritedRank } from '../futex/priority-lock.ts';
import { processorOf } from '../processor-number.ts';
import { processState, type SignalInfo, signalBit, threadState } from '../signals/signal-state.ts';
import { threadAttributes } from '../thread-attributes.ts';
import { NO_RANK } from '../thread-priority.ts';

const KILO = 1024;
/** Clock ticks a second (USER_HZ): the unit of times in stat. */
const TICK_NANOSECONDS = 10_000_000;
/** PF_RANDOMIZE, which ordinary programs have. */
const PROCESS_FLAGS = 4_194_304;
const UNLIMITED = 0xffff_ffff_ffff_ffffn;
/** Tasks have at least this many places for descriptors (NR_OPEN_DEFAULT). */
const SMALLEST_TABLE = 64;

type State = readonly [letter: string, text: string];

/** The letter ps shows. */
export function stateOf(process: Process, thread?: Thread): State {
  if (process.exitStatus !== undefined) return ['Z', 'Z (zombie)'];
  if (process.isStopped) return ['T', 'T (stopped)'];
  const asked = thread === undefined ? [...process.threads] : [thread];
  return asked.some(({ state }) => state === 'runnable') ? ['R', 'R (running)'] : ['S', 'S (sleeping)'];
}

/** The one line of stat, of a process or one of its threads; fields that a machine does not have are zero. */
export function statText(process: Process, thread?: Thread): string {
  const { commandName, group, session, threads, space } = process;
  const id = thread?.id ?? process.id;
  const first = thread ?? [...threads][0];
  const nice = first === undefined ? 0 : threadAttributes(first).nice;
  const rank = first === undefined ? NO_RANK : inheritedRank(first);
  const priority = rank < NO_RANK ? rank - NO_RANK : 20 + nice;
  const terminal = terminalNumber(process);
  const living = process.exitStatus === undefined;
  const elapsed = first === undefined ? 0 : first.kernel.host.clock.monotonic() - process.startTime;
  const ticks = Math.floor(elapsed / TICK_NANOSECONDS);
  const boot = first?.kernel.bootTime ?? 0;
  const bytes = living ? space.mappedBytes : 0;
  const masks = signalMasks(process);
  const fields = [
    ...[
      id,
      `(${(thread && threadAttributes(thread).name) ?? commandName})`,
      stateOf(process, thread)[0],
      process.parent?.id ?? 1,
      group,
      session,
      ...terminal,
      PROCESS_FLAGS,
    ],
    ...[0, 0, 0, 0, ticks, 0, 0, 0, priority, nice, Math.max(1, threads.size), 0],
    ...[
      Math.max(0, Math.floor((process.startTime - boot) / TICK_NANOSECONDS)),
      bytes,
      living ? Math.floor(space.residentBytes / GUEST_PAGE_BYTES) : 0,
      UNLIMITED,
    ],
    ...[
      1,
      1,
      0,
      0,
      0,
      masks.pending,
      masks.blocked,
      masks.ignored,
      masks.caught,
      0,
      0,
      0,
      17,
      first === undefined ? 0 : processorOf(first),
      first === undefined ? 0 : threadAttributes(first).priority,
      first === undefined ? 0 : threadAttributes(first).policy,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
    ],
  ];
  return `${fields.join(' ')}\n`;
}

/** The lines of status, of a process or one of its threads. */
export function statusText(process: Process, thread?: Thread): string {
  const { credentials: who, id, space, threads } = process;
  const ids = (real: number, effective: number, saved: number) => `${real}\t${effective}\t${saved}\t${effective}`;
  const first = thread ?? [...threads][0];
  const bytes = process.exitStatus === undefined ? space.mappedBytes : 0;
  const peak = process.exitStatus === undefined ? space.peakResidentBytes : 0;
  const kilobytes = (name: string, value: number) => `${name}:\t${String(Math.floor(value / KILO)).padStart(8)} kB`;
  const mask = (name: string, value: bigint) => `${name}:\t${value.toString(16).padStart(16, '0')}`;
  const masks = signalMasks(process);
  const own = first === undefined ? 0n : pendingMask(threadState(first).pending);
  const { inheritable, permitted, effective, bounding, ambient } = capabilitiesOf(process);
  const processors = first?.kernel.host.processors ?? 1;
  const lines = [
    `Name:\t${(thread && threadAttributes(thread).name) ?? process.commandName}`,
    `Umask:\t${process.place.umask.toString(8).padStart(4, '0')}`,
    `State:\t${stateOf(process, thread)[1]}`,
    `Tgid:\t${id}`,
    'Ngid:\t0',
    `Pid:\t${thread?.id ?? id}`,
    `PPid:\t${process.parent?.id ?? 1}`,
    'TracerPid:\t0',
    `Uid:\t${ids(who.user, who.effectiveUser, who.savedUser)}`,
    `Gid:\t${ids(who.group, who.effectiveGroup, who.savedGroup)}`,
    `FDSize:\t${Math.max(SMALLEST_TABLE, 2 ** Math.ceil(Math.log2((process.descriptors.numbers().at(-1) ?? 0) + 1)))}`,
    `Groups:\t${who.supplementary.map((group) => `${group} `).join('')}`,
    ...[`NStgid:\t${id}`, `NSpid:\t${id}`, `NSpgid:\t${process.group}`, `NSsid:\t${process.session}`],
    ...['VmPeak', 'VmSize'].map((name) => kilobytes(name, bytes)),
    ...[kilobytes('VmLck', process.exitStatus === undefined ? space.lockedBytes : 0), kilobytes('VmPin', 0)],
    ...[kilobytes('VmHWM', peak), kilobytes('VmRSS', process.exitStatus === undefined ? space.residentBytes : 0)],
    kilobytes('VmSwap', 0),
    `Threads:\t${Math.max(1, threads.size)}`,
    `SigQ:\t0/${limitOf(process, RESOURCES.RLIMIT_SIGPENDING)[0]}`,
    mask('SigPnd', own),
    mask('ShdPnd', masks.shared),
    ...[mask('SigBlk', masks.blocked), mask('SigIgn', masks.ignored), mask('SigCgt', masks.caught)],
    ...[mask('CapInh', inheritable), mask('CapPrm', permitted), mask('CapEff', effective), mask('CapBnd', bounding)],
    mask('CapAmb', ambient),
    `NoNewPrivs:\t${first !== undefined && threadAttributes(first).noNewPrivileges ? 1 : 0}`,
    ...['Seccomp:\t0', 'Seccomp_filters:\t0'],
    `Cpus_allowed:\t${((1n << BigInt(processors)) - 1n).toString(16)}`,
    `Cpus_allowed_list:\t${processors === 1 ? '0' : `0-${processors - 1}`}`,
    ...[
      'Mems_allowed:\t1',
      'Mems_allowed_list:\t0',
      'voluntary_ctxt_switches:\t0',
      'nonvoluntary_ctxt_switches:\t0',
      '',
    ],
  ];
  return lines.join('\n');
}

/** Names and units of limits as /proc prints them, in its order. */
// biome-ignore format: a table
const LIMITS: readonly (readonly [keyof typeof RESOURCES, string, string])[] = [
  ['RLIMIT_CPU', 'Max cpu time', 'seconds'], ['RLIMIT_FSIZE', 'Max file size', 'bytes'], ['RLIMIT_DATA', 'Max data size', 'bytes'],
  ['RLIMIT_STACK', 'Max stack size', 'bytes'], ['RLIMIT_CORE', 'Max core file size', 'bytes'], ['RLIMIT_RSS', 'Max resident set', 'bytes'],
  ['RLIMIT_NPROC', 'Max processes', 'processes'], ['RLIMIT_NOFILE', 'Max open files', 'files'], ['RLIMIT_MEMLOCK', 'Max locked memory', 'bytes'],
  ['RLIMIT_AS', 'Max address space', 'bytes'], ['RLIMIT_LOCKS', 'Max file locks', 'locks'], ['RLIMIT_SIGPENDING', 'Max pending signals', 'signals'],
  ['RLIMIT_MSGQUEUE', 'Max msgqueue size', 'bytes'], ['RLIMIT_NICE', 'Max nice priority', ''], ['RLIMIT_RTPRIO', 'Max realtime priority', ''],
  ['RLIMIT_RTTIME', 'Max realtime timeout', 'us'],
];

/** The table of limits. */
export function limitsText(process: Process): string {
  const cell = (value: bigint) => (value === UNLIMITED ? 'unlimited' : String(value)).padEnd(21);
  const line = (title: string, soft: string, hard: string, unit: string) =>
    `${title.padEnd(26)}${soft}${hard}${unit.padEnd(10)}\n`;
  const rows = LIMITS.map(([name, title, unit]) => {
    const [soft, hard] = limitOf(process, RESOURCES[name]);
    return line(title, cell(soft), cell(hard), unit);
  });
  return line('Limit', 'Soft Limit'.padEnd(21), 'Hard Limit'.padEnd(21), 'Units') + rows.join('');
}

/** /proc/PID/fdinfo/N. */
export function descriptorText(description: OpenDescription, closesOnExec: boolean): string {
  const status = description.file.status();
  const flags = statusFlags(description) | (closesOnExec ? 0o2000000 : 0);
  const inode = typeof status === 'number' ? 0 : status.inode;
  return `pos:\t${description.position}\nflags:\t0${flags.toString(8)}\nmnt_id:\t1\nino:\t${inode}\n${watchText(description)}`;
}

/** Number of the controlling terminal as stat has it, and the group in front of it (-1 for none). */
function terminalNumber(process: Process): readonly [number, number] {
  const [thread] = process.threads;
  const found = thread === undefined ? undefined : controllingTerminal(thread);
  if (found === undefined) return [0, -1];
  return found;
}

function controllingTerminal(thread: Thread): readonly [number, number] | undefined {
  for (const number of thread.process.descriptors.numbers()) {
    const file = thread.process.descriptors.get(number)?.file;
    if (file?.terminal === undefined || file.terminal.session !== thread.process.session) continue;
    const status = file.status();
    return typeof status === 'number' ? undefined : [status.specialDevice, file.terminal.foregroundGroup];
  }
  return undefined;
}

function pendingMask(waiting: readonly SignalInfo[]): bigint {
  return waiting.reduce((mask, { signal }) => mask | signalBit(signal), 0n);
}

function signalMasks(process: Process) {
  const [first] = process.threads;
  const { actions, pending } = processState(process);
  let ignored = 0n;
  let caught = 0n;
  for (const [signal, action] of actions.entries()) {
    if (action === undefined || action.handler === 0) continue;
    if (action.handler === 1) ignored |= signalBit(signal);
    else caught |= signalBit(signal);
  }
  const shared = pendingMask(pending);
  const own = first === undefined ? 0n : pendingMask(threadState(first).pending);
  return {
    pending: own | shared,
    shared,
    blocked: first === undefined ? 0n : threadState(first).mask,
    ignored,
    caught,
  };
}
