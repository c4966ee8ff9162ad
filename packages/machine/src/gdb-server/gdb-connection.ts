// One debugger's connection: packets become questions to the session, and what happens to the program becomes packets.
// GDB manual, appendix E.2 (Packets) to E.4 (General Query Packets).
import { type ExitStatus, type Thread, toBytes } from '@elf/kernel';
import type { DebugSession, Plan, SessionListener, Stop } from './debug-session.ts';
import { readMemory, writeMemory } from './debugged-memory.ts';
import { GuestFiles } from './guest-files.ts';
import { bytesToHex, hexToBytes } from './hexadecimal.ts';
import { type PacketReceiver, PacketStream } from './packet-stream.ts';
import { imageHasAvx, type RegisterRow, registerFile, registerRows, storeExtendedState } from './registers.ts';
import { linuxSignal, protocolSignal } from './signal-numbers.ts';
import { transferObject } from './transfer-objects.ts';

/** Bytes of a packet either side may send. */
const PACKET_BYTES = 0x4000;
const FAILED = 'E01';
const NO_MEMORY = 'E14';
const OK = 'OK';
/** Sent along with every stop, so that the debugger need not ask for them. */
const EXPEDITED = ['rip', 'rsp', 'rbp', 'eip', 'esp', 'ebp'];

/** Answers a debugger. `send` gets bytes for it. */
export class GdbConnection implements PacketReceiver, SessionListener {
  readonly #session: DebugSession;
  readonly #stream: PacketStream;
  readonly #files: GuestFiles;
  /** The thread registers and memory are asked of; undefined: the one that stopped. */
  #chosen: number | undefined;
  /** A stop or an end is to be told as the answer to the last packet. */
  #owesStop = false;
  #knowsBreakpointStops = false;
  #rows: { mode: number; hasAvx: boolean; rows: readonly RegisterRow[] } | undefined;

  constructor(session: DebugSession, send: (bytes: Uint8Array) => void) {
    this.#session = session;
    this.#stream = new PacketStream(send, this);
    this.#files = new GuestFiles(() => session.process);
    session.listener = this;
  }

  /** Bytes from the debugger. */
  receive(bytes: Uint8Array): void {
    this.#stream.receive(bytes);
  }

  /** The debugger went away: the program runs on. */
  closed(): void {
    this.#files.close();
    if (this.#session.listener !== this) return;
    this.#session.listener = undefined;
    this.#session.detach();
  }

  interrupt(): void {
    this.#session.interrupt();
  }

  stopped(stop: Stop): void {
    if (!this.#owesStop) return;
    this.#owesStop = false;
    this.#chosen = undefined;
    this.#stream.send(this.#stopText(stop));
  }

  ended(status: ExitStatus): void {
    const isExit = status.kind === 'exited';
    const number = isExit ? status.code : protocolSignal(status.signal);
    this.#stream.send(`${isExit ? 'W' : 'X'}${number.toString(16).padStart(2, '0')}`);
  }

  packet(content: string): void {
    // Only an interrupt reaches a program that runs.
    if (this.#owesStop) return;
    const answer = this.#answer(content);
    if (answer !== undefined) this.#stream.send(answer);
  }

  /** Undefined: the answer comes later, or there is none. */
  #answer(content: string): string | undefined {
    const rest = content.slice(1);
    switch (content[0]) {
      case '?':
        return this.#session.stop === undefined ? FAILED : this.#stopText(this.#session.stop);
      case 'g':
        return this.#onThread((thread) => this.#readAll(thread)) ?? FAILED;
      case 'G':
        return this.#onThread((thread) => this.#writeAll(thread, rest)) ?? FAILED;
      case 'p':
        return this.#onThread((thread) => this.#readOne(thread, Number.parseInt(rest, 16))) ?? FAILED;
      case 'P':
        return this.#onThread((thread) => this.#writeOne(thread, rest)) ?? FAILED;
      case 'm':
        return this.#readMemory(rest);
      case 'M':
      case 'X':
        return this.#writeMemory(rest, content[0] === 'X');
      case 'Z':
      case 'z':
        return this.#breakpoint(rest, content[0] === 'Z');
      case 'H':
        this.#chosen = rest[0] === 'g' ? threadNumber(rest.slice(1)) : this.#chosen;
        return OK;
      case 'T':
        return this.#threads().some(({ id }) => id === Number.parseInt(rest, 16)) ? OK : FAILED;
      case 'c':
      case 'C':
      case 's':
      case 'S':
        return this.#resume([[`${content[0]}${rest.split(';')[0]}`, undefined]]);
      case 'v':
        return this.#verbose(rest);
      case 'D':
        this.#session.detach();
        return OK;
      case 'k':
        this.#session.kill();
        return undefined;
      case 'q':
      case 'Q':
        return this.#query(content);
      default:
        return '';
    }
  }

  #verbose(request: string): string | undefined {
    if (request.startsWith('File:')) return this.#files.answer(request.slice(5)) ?? '';
    if (request === 'Cont?') return 'vCont;c;C;s;S;r';
    if (request.startsWith('Kill')) {
      this.#session.kill();
      return OK;
    }
    if (!request.startsWith('Cont;')) return '';
    const actions = request.slice(5).split(';');
    return this.#resume(actions.map((action) => action.split(':', 2) as [string, string | undefined]));
  }

  #query(content: string): string {
    const [name, rest = ''] = content.split(/[:;,](.*)/s, 2);
    switch (name) {
      case 'qSupported': {
        const features = rest.split(';');
        this.#knowsBreakpointStops = features.includes('swbreak+');
        this.#session.reportsExec = features.includes('exec-events+');
        const objects = ['features', 'auxv', 'exec-file', 'threads', 'siginfo'].map((each) => `qXfer:${each}:read+`);
        const own = ['QStartNoAckMode+', 'QPassSignals+', 'vContSupported+', 'swbreak+', 'hwbreak+', 'exec-events+'];
        return [`PacketSize=${PACKET_BYTES.toString(16)}`, ...objects, ...own].join(';');
      }
      case 'QStartNoAckMode':
        // The acknowledgement of this packet went out before.
        this.#stream.stopAcknowledging();
        return OK;
      case 'QPassSignals':
        this.#session.passedSignals = new Set(
          rest.split(';').map((word) => linuxSignal(Number.parseInt(word || '0', 16))),
        );
        return OK;
      case 'qAttached':
        return '0';
      case 'qC':
        return `QC${this.#thread()?.id.toString(16) ?? '0'}`;
      case 'qfThreadInfo':
        return `m${this.#threads()
          .map(({ id }) => id.toString(16))
          .join(',')}`;
      case 'qsThreadInfo':
        return 'l';
      case 'qThreadExtraInfo':
        return bytesToHex(toBytes(this.#session.process?.commandName ?? ''));
      case 'qSymbol':
        return OK;
      case 'qXfer':
        return transferObject(rest, {
          session: this.#session,
          thread: this.#thread(),
          rows: () => this.#onThread((thread) => this.#rowsOf(thread)),
        });
      default:
        return '';
    }
  }

  #threads(): Thread[] {
    return [...(this.#session.process?.threads ?? [])];
  }

  #thread(): Thread | undefined {
    const threads = this.#threads();
    return threads.find(({ id }) => id === this.#chosen) ?? this.#session.stop?.thread ?? threads[0];
  }

  /** Does something with the chosen thread's registers on the CPU. */
  #onThread<Result>(act: (thread: Thread) => Result): Result | undefined {
    const thread = this.#thread();
    if (thread === undefined || thread.state === 'ended') return undefined;
    let result: Result | undefined;
    this.#session.kernel.withThread(thread, () => {
      result = act(thread);
    });
    return result;
  }

  #rowsOf({ cpu }: Thread): readonly RegisterRow[] {
    const { mode } = cpu;
    const hasAvx = imageHasAvx(cpu.extendedState());
    if (this.#rows?.mode !== mode || this.#rows.hasAvx !== hasAvx)
      this.#rows = { mode, hasAvx, rows: registerRows(mode, hasAvx) };
    return this.#rows.rows;
  }

  #readAll(thread: Thread): string {
    const file = registerFile(thread);
    return this.#rowsOf(thread)
      .map((row) => bytesToHex(row.read(file)))
      .join('');
  }

  #readOne(thread: Thread, number: number): string {
    const row = this.#rowsOf(thread)[number];
    return row === undefined ? FAILED : bytesToHex(row.read(registerFile(thread)));
  }

  #writeAll(thread: Thread, digits: string): string {
    const bytes = hexToBytes(digits);
    const rows = this.#rowsOf(thread);
    if (bytes === undefined || bytes.length < rows.reduce((sum, row) => sum + row.bytes, 0)) return FAILED;
    const file = registerFile(thread);
    let at = 0;
    for (const row of rows) {
      row.write(file, bytes.subarray(at, at + row.bytes));
      at += row.bytes;
    }
    storeExtendedState(file);
    return OK;
  }

  #writeOne(thread: Thread, request: string): string {
    const [number, digits = ''] = request.split('=', 2);
    const row = this.#rowsOf(thread)[Number.parseInt(number, 16)];
    const bytes = hexToBytes(digits);
    if (row === undefined || bytes?.length !== row.bytes) return FAILED;
    const file = registerFile(thread);
    row.write(file, bytes);
    storeExtendedState(file);
    return OK;
  }

  #readMemory(request: string): string {
    const [address, length] = request.split(',').map((word) => Number.parseInt(word, 16));
    const { process } = this.#session;
    const bytes = process && readMemory(process, address, Math.min(length, PACKET_BYTES / 2));
    return bytes === undefined ? NO_MEMORY : bytesToHex(bytes);
  }

  #writeMemory(request: string, isBinary: boolean): string {
    const colon = request.indexOf(':');
    const address = Number.parseInt(request.split(',', 1)[0], 16);
    const data = request.slice(colon + 1);
    const bytes = isBinary ? toBytes(data) : hexToBytes(data);
    const { process } = this.#session;
    if (colon < 0 || bytes === undefined || process === undefined) return FAILED;
    return writeMemory(process, address, bytes) ? OK : NO_MEMORY;
  }

  /** Breakpoints in software and hardware are the same here. Memory is watched for changes; watching reads is not offered. */
  #breakpoint(request: string, isSet: boolean): string {
    const [type, ...words] = request.split(/[,;]/);
    const [address, length] = words.map((word) => Number.parseInt(word, 16));
    if (type === '2') return this.#session.setWatchpoint(address, length, isSet) ? OK : NO_MEMORY;
    if (type !== '0' && type !== '1') return '';
    if (!(Number.isSafeInteger(address) && address >= 0)) return FAILED;
    this.#session.setBreakpoint(address, isSet);
    return OK;
  }

  /** Actions with the threads they are for, the first that fits counts; a thread none is for stays (vCont). */
  #resume(actions: readonly (readonly [action: string, thread: string | undefined])[]): string | undefined {
    const { stop } = this.#session;
    if (stop === undefined) return FAILED;
    const plans = new Map<Thread, Plan>();
    for (const thread of this.#threads()) {
      const found = actions.find(
        ([, word]) => word === undefined || [undefined, thread.id].includes(threadNumber(word)),
      );
      plans.set(thread, found === undefined ? { kind: 'stay', signal: 0 } : planOf(found[0]));
    }
    // The old packets step the thread that stopped and let the others run.
    if (actions.length === 1 && actions[0][1] === undefined && /^[sS]/.test(actions[0][0])) {
      for (const thread of plans.keys()) if (thread !== stop.thread) plans.set(thread, { kind: 'run', signal: 0 });
    }
    this.#owesStop = true;
    this.#session.resume(plans);
    return undefined;
  }

  #stopText({ thread, signal, cause, watched }: Stop): string {
    const digits = protocolSignal(signal).toString(16).padStart(2, '0');
    const parts = [`thread:${thread.id.toString(16)};`];
    if (cause === 'breakpoint' && this.#knowsBreakpointStops) parts.push('swbreak:;');
    if (watched !== undefined) parts.push(`watch:${watched.toString(16)};`);
    if (cause === 'exec') parts.push(`exec:${bytesToHex(toBytes(thread.process.program.executable))};`);
    this.#session.kernel.withThread(thread, () => {
      const file = registerFile(thread);
      this.#rowsOf(thread).forEach((row, number) => {
        if (EXPEDITED.includes(row.name))
          parts.push(`${number.toString(16).padStart(2, '0')}:${bytesToHex(row.read(file))};`);
      });
    });
    return `T${digits}${parts.join('')}`;
  }
}

/** The thread of a thread-id; undefined for "all" and "any". */
function threadNumber(word: string): number | undefined {
  return word === '-1' || word === '0' || word === '' ? undefined : Number.parseInt(word, 16);
}

function planOf(action: string): Plan {
  const rest = action.slice(1);
  switch (action[0]) {
    case 's':
      return { kind: 'step', signal: 0 };
    case 'S':
      return { kind: 'step', signal: linuxSignal(Number.parseInt(rest, 16)) };
    case 'C':
      return { kind: 'run', signal: linuxSignal(Number.parseInt(rest, 16)) };
    case 'r': {
      const [start, end] = rest.split(',').map((word) => Number.parseInt(word, 16));
      return { kind: 'step', signal: 0, range: { start, end } };
    }
    default:
      return { kind: 'run', signal: 0 };
  }
}
