// #c: the console and the small files of a system (cons(3)), a row each.
import {
  anonymousStatus,
  Errno,
  FileType,
  fromBytes,
  type Kernel,
  type OpenFile,
  Readiness,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { Failure } from '../errors.ts';
import { stateOf } from '../process-state.ts';
import { FileMode } from '../stat-record.ts';
import { type Device, plainFacts, readFrom, simpleFile } from './device.ts';

/** Bytes of a number field: right-justified in all but the last, which is a space. */
const NUMBER_BYTES = 12;
const LONG_NUMBER_BYTES = 22;
const NANOSECONDS_PER_MILLISECOND = 1_000_000;
const NANOSECONDS_PER_SECOND = 1_000_000_000n;
/** What the fast clock counts: nanoseconds. */
const TICKS_PER_SECOND = 1_000_000_000n;
const PAGE_BYTES = 4096; // not a page size: what /dev/swap tells of the guest's

/** A file: its permissions and what reading and writing it does. Content is made for each read. */
interface Row {
  readonly name: string;
  readonly mode: number;
  readonly content?: (viewer: Thread) => string | Uint8Array;
  readonly write?: (viewer: Thread, bytes: Uint8Array, position: number) => number;
  /** For what is no content: streams. */
  readonly open?: (viewer: Thread) => OpenFile;
}

/** A number as device files have it. */
export function numberField(value: number | bigint, bytes = NUMBER_BYTES): string {
  return `${String(value).padStart(bytes - 1)} `;
}

function rows(kernel: Kernel, drivers: (viewer: Thread) => string): readonly Row[] {
  const { host } = kernel;
  let systemName = host.hostName;
  const accept = (_viewer: Thread, bytes: Uint8Array) => bytes.length;
  const refuse = () => -Failure.Permission;
  return [
    { name: 'bintime', mode: 0o664, content: () => binaryTime(kernel), write: refuse },
    { name: 'config', mode: 0o444, content: () => '' },
    { name: 'cons', mode: 0o660, open: () => consoleFile(kernel) },
    { name: 'consctl', mode: 0o220, open: () => consoleControl(kernel) },
    { name: 'cputime', mode: 0o444, content: cpuTime },
    { name: 'drivers', mode: 0o444, content: drivers },
    { name: 'hostdomain', mode: 0o664, content: () => '', write: refuse },
    { name: 'hostowner', mode: 0o664, content: (viewer) => stateOf(viewer).user, write: refuse },
    { name: 'kmesg', mode: 0o440, content: () => '' },
    { name: 'null', mode: 0o666, content: () => '', write: accept },
    { name: 'osversion', mode: 0o444, content: () => '2000' },
    { name: 'pgrpid', mode: 0o444, content: (viewer) => numberField(stateOf(viewer).noteGroup) },
    { name: 'pid', mode: 0o444, content: (viewer) => numberField(viewer.process.id) },
    { name: 'ppid', mode: 0o444, content: (viewer) => numberField(viewer.process.parent?.id ?? 0) },
    { name: 'random', mode: 0o444, open: () => randomFile(kernel) },
    {
      name: 'swap',
      mode: 0o664,
      write: refuse,
      content: () => {
        const pages = Math.floor(kernel.memory.memory.buffer.byteLength / PAGE_BYTES);
        return `${pages * PAGE_BYTES} memory\n${PAGE_BYTES} pagesize\n0 kernel\n0/${pages} user\n0/0 swap\n`;
      },
    },
    {
      name: 'sysname',
      mode: 0o664,
      content: () => systemName,
      write: (_viewer, bytes, position) => {
        if (position !== 0 || bytes.length === 0 || bytes.length >= 256) return -Failure.BadArgument;
        systemName = fromBytes(bytes).replace(/\n$/, '');
        return bytes.length;
      },
    },
    {
      name: 'sysstat',
      mode: 0o666,
      write: accept,
      // Number, then switches, interrupts, calls, faults, TLB misses and flushes, load, and two shares in percent: none are counted here.
      content: () =>
        Array.from(
          { length: host.processors },
          (_, index) => `${[index, 0, 0, 0, 0, 0, 0, 0, 100, 0].map((value) => numberField(value)).join('')}\n`,
        ).join(''),
    },
    { name: 'time', mode: 0o664, content: () => textTime(kernel), write: refuse },
    {
      name: 'user',
      mode: 0o666,
      content: (viewer) => stateOf(viewer).user,
      // Only to become nobody (userwrite of auth.c).
      write: (viewer, bytes) => {
        if (fromBytes(bytes) !== 'none') return -Failure.Permission;
        stateOf(viewer).user = 'none';
        return bytes.length;
      },
    },
    { name: 'zero', mode: 0o444, open: () => fileOf((target) => target.fill(0).length) },
  ];
}

function binaryTime({ host, bootTime }: Kernel): Uint8Array {
  const view = new DataView(new ArrayBuffer(24));
  // Big-endian, unlike everything else: nanoseconds since 1970, ticks of the fast clock, and how many of them a second has.
  view.setBigUint64(0, host.clock.realtime());
  view.setBigUint64(8, BigInt(Math.max(0, Math.floor(host.clock.monotonic() - bootTime))));
  view.setBigUint64(16, TICKS_PER_SECOND);
  return new Uint8Array(view.buffer);
}

function textTime({ host, bootTime }: Kernel): string {
  const now = host.clock.realtime();
  const ticks = BigInt(Math.max(0, Math.floor(host.clock.monotonic() - bootTime)));
  const long = [now, ticks, TICKS_PER_SECOND, ticks].map((value) => numberField(value, LONG_NUMBER_BYTES));
  return numberField(now / NANOSECONDS_PER_SECOND) + long.join('');
}

/** User, system and real time of the process and its children: instructions are not timed, so all but the real time is zero. */
function cpuTime(viewer: Thread): string {
  const now = Math.floor(viewer.host.clock.monotonic() / NANOSECONDS_PER_MILLISECOND);
  return [0, 0, now - stateOf(viewer).startedAt, 0, 0, 0].map((value) => numberField(value)).join('');
}

const status = () => anonymousStatus({ mode: FileType.Character | 0o666 });

function fileOf(read: (target: Uint8Array) => number): OpenFile {
  return simpleFile({ read, status });
}

function randomFile({ host }: Kernel): OpenFile {
  return fileOf((target) => {
    host.entropy.fill(target);
    return target.length;
  });
}

/** The host's console: what is typed, and the screen. */
function consoleFile({ host }: Kernel): OpenFile {
  const { input, output } = host.streams;
  return {
    isSeekable: false,
    status,
    changes: input.changes,
    terminal: input.terminal,
    read: (target) => input.read(target, 0),
    write: (bytes) => output.write(bytes, 0),
    readiness: () => (input.readiness() & Readiness.Readable) | Readiness.Writable,
    close: () => {},
  };
}

/** rawon and rawoff: whether the console gives characters or lines. Closing it means rawoff. */
function consoleControl({ host }: Kernel): OpenFile {
  const { terminal } = host.streams.input;
  const setRaw = (isRaw: boolean) => {
    terminal?.setModes({ ...terminal.modes(), canonical: !isRaw, echo: !isRaw });
  };
  return simpleFile({
    status,
    read: () => -Errno.EBADF,
    write: (bytes) => {
      const command = fromBytes(bytes).trim();
      if (command === 'rawon' || command === 'rawoff') setRaw(command === 'rawon');
      return bytes.length;
    },
    close: () => setRaw(false),
  });
}

/** The device of letter 'c'. */
export function consoleDevice(kernel: Kernel, drivers: (viewer: Thread) => string): Device {
  const table = rows(kernel, drivers);
  const factsOf = (index: number, viewer: Thread) =>
    plainFacts('c', {
      name: table[index].name,
      id: BigInt(index + 1),
      mode: table[index].mode,
      user: stateOf(viewer).user,
    });
  return {
    letter: 'c',
    name: 'cons',
    identity: 'c',
    stat: (path, viewer) => {
      if (path === '')
        return plainFacts('c', { name: '#c', id: 0n, mode: FileMode.Directory + 0o555, user: stateOf(viewer).user });
      const index = table.findIndex(({ name }) => name === path);
      return index < 0 ? -Failure.NotFound : factsOf(index, viewer);
    },
    list: (_path, viewer) => table.map((_row, index) => factsOf(index, viewer)),
    open: (path, mode, opener) => {
      const row = table.find(({ name }) => name === path);
      if (row === undefined) return -Failure.NotFound;
      if ((mode.reads && (row.mode & 0o444) === 0) || (mode.writes && (row.mode & 0o222) === 0))
        return -Failure.Permission;
      if (row.open !== undefined) return row.open(opener);
      const { content, write } = row;
      const viewer = () => kernel.currentThread ?? opener;
      return simpleFile({
        status,
        read: (target, position) => {
          const whole = content?.(viewer()) ?? '';
          const bytes = typeof whole === 'string' ? toBytes(whole) : whole;
          // bintime is one record, whatever the position: 8, 16 or 24 bytes of it.
          return readFrom(bytes, target, row.name === 'bintime' ? 0 : position);
        },
        write: (bytes, position) => write?.(viewer(), bytes, position) ?? -Failure.Permission,
      });
    },
  };
}
