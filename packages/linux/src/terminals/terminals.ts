// Terminals of a machine as Linux has them: pseudo-terminals, controlling terminals of sessions, and job control (man 7 credentials, man 4 tty).
import {
  deviceNumber,
  Errno,
  type Kernel,
  type OpenFile,
  type Process,
  PseudoTerminal,
  type TerminalControl,
  type TerminalKey,
} from '@elf/kernel';
import { isOrphaned } from '../signals/job-control.ts';
import { isBlocked, sendToProcess } from '../signals/send-signal.ts';
import { processState } from '../signals/signal-state.ts';
import { Signal, SignalCode } from '../signals/signal-table.ts';
import { createTerminalFileSystem } from './terminal-file-system.ts';
import { keepsBackgroundQuiet } from './terminal-modes.ts';

const TTY = /* @__PURE__ */ deviceNumber(5, 0);
const PTMX = /* @__PURE__ */ deviceNumber(5, 2);
const KEY_SIGNALS: Readonly<Record<TerminalKey, number>> = {
  interrupt: Signal.INT,
  quit: Signal.QUIT,
  suspend: Signal.TSTP,
};

/** A session's controlling terminal and how /dev/tty opens it. */
interface Controlling {
  readonly control: TerminalControl;
  readonly open: () => OpenFile | number;
}

const ofKernels = /* @__PURE__ */ new WeakMap<Kernel, Terminals>();

/** The terminals of a kernel. */
export function terminalsOf(kernel: Kernel): Terminals {
  const known = ofKernels.get(kernel);
  if (known !== undefined) return known;
  const made = new Terminals(kernel);
  ofKernels.set(kernel, made);
  return made;
}

/**
 * Gives a machine /dev/ptmx, /dev/tty and /dev/pts.
 * @example
 * installTerminals(kernel);
 */
export function installTerminals(kernel: Kernel): void {
  const terminals = terminalsOf(kernel);
  const { devices, mounts } = kernel.tree;
  devices.set(PTMX, () => terminals.create().master);
  devices.set(TTY, () => terminals.openControlling());
  const below = kernel.host.files;
  mounts.mount('/dev/pts', createTerminalFileSystem(terminals, below), 'devpts');
}

/** All terminals of one kernel. */
class Terminals {
  readonly #kernel: Kernel;
  readonly #pairs = new Map<number, PseudoTerminal>();
  readonly #controlling = new Map<number, Controlling>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Pseudo-terminals there are, by number. */
  get pairs(): ReadonlyMap<number, PseudoTerminal> {
    return this.#pairs;
  }

  /** The first process starts with the host's terminal, in the foreground of its session. */
  adoptHostTerminal(process: Process): void {
    const { input, output, error } = this.#kernel.host.streams;
    const stream = [input, output, error].find((each) => each.terminal !== undefined);
    if (stream?.terminal === undefined) return;
    for (const each of [input, output, error]) {
      if (each.terminal === undefined) continue;
      each.terminal.session = process.session;
      each.terminal.foregroundGroup = process.group;
    }
    this.#controlling.set(process.session, { control: stream.terminal, open: () => stream });
  }

  /** A new pair, as opening /dev/ptmx makes it. */
  create(): PseudoTerminal {
    const { host } = this.#kernel;
    let number = 0;
    // The host's own terminals keep their names: standard input may be one of them.
    const isTaken = () => this.#pairs.has(number) || typeof host.files.status(`dev/pts/${number}`) === 'object';
    while (isTaken()) number++;
    const { effectiveUser, effectiveGroup } = this.#kernel.currentThread?.process.credentials ?? {
      effectiveUser: host.user,
      effectiveGroup: host.group,
    };
    const pair: PseudoTerminal = new PseudoTerminal({
      number,
      user: effectiveUser,
      group: effectiveGroup,
      now: () => host.clock.realtime(),
      monotonic: () => host.clock.monotonic(),
      onKey: (control, key) => this.signalForeground(control, KEY_SIGNALS[key]),
      onResize: (control) => this.signalForeground(control, Signal.WINCH),
      onHangUp: (control) => {
        this.#pairs.delete(number);
        this.#hangUp(control);
      },
      mayUse: (control, use) => this.#mayUse(control, use),
    });
    this.#pairs.set(number, pair);
    return pair;
  }

  /** Opens /dev/tty: -ENXIO without a controlling terminal. */
  openControlling(): OpenFile | number {
    const process = this.#kernel.currentThread?.process;
    return (process && this.#controlling.get(process.session)?.open()) ?? -Errno.ENXIO;
  }

  /** The controlling terminal of a process. */
  controllingOf(process: Process): TerminalControl | undefined {
    return this.#controlling.get(process.session)?.control;
  }

  /** A session leader without a terminal takes this one (open without O_NOCTTY, TIOCSCTTY). */
  control(process: Process, file: OpenFile): number {
    const { terminal } = file;
    if (terminal === undefined || file.control instanceof PseudoTerminal) return -Errno.ENOTTY;
    if (terminal.session === process.session && process.session === process.id) return 0;
    if (process.session !== process.id || this.#controlling.has(process.session)) return -Errno.EPERM;
    if (terminal.session !== 0) return -Errno.EPERM;
    terminal.session = process.session;
    terminal.foregroundGroup = process.group;
    const pair = [...this.#pairs.values()].find((each) => each.control === terminal);
    this.#controlling.set(process.session, { control: terminal, open: () => pair?.openSlave() ?? file });
    return 0;
  }

  /** A session leader gives its terminal up by exit or TIOCNOTTY: the foreground group is told (drivers/tty/tty_jobctrl.c, disassociate_ctty). */
  leave(process: Process): void {
    if (process.session !== process.id) return;
    const control = this.#controlling.get(process.session)?.control;
    if (control === undefined) return;
    this.#controlling.delete(process.session);
    this.signalForeground(control, Signal.HUP);
    this.signalForeground(control, Signal.CONT);
    control.session = 0;
    control.foregroundGroup = 0;
  }

  /** vhangup(2): the session of a process loses its terminal. */
  hangUp(process: Process): void {
    const control = this.controllingOf(process);
    if (control !== undefined) this.#hangUp(control);
  }

  /** Sends a signal of the terminal to the group in front. */
  signalForeground(control: TerminalControl, signal: number): void {
    if (control.foregroundGroup !== 0) this.#signalGroup(control.foregroundGroup, signal);
  }

  /**
   * What a background process may do to its terminal (tty_jobctrl.c, __tty_check_change): 0 to go on, -EIO, or -EAGAIN once its
   * group has been sent the signal and the call is to be tried again.
   */
  checkChange(process: Process, control: TerminalControl, signal: number): number {
    if (this.controllingOf(process) !== control || control.foregroundGroup === 0) return 0;
    if (process.group === control.foregroundGroup) return 0;
    const isDeaf =
      processState(process).actions[signal]?.handler === 1 ||
      [...process.threads].every((thread) => isBlocked(thread, signal));
    if (isDeaf) return signal === Signal.TTIN ? -Errno.EIO : 0;
    if (isOrphaned(process)) return -Errno.EIO;
    this.#signalGroup(process.group, signal);
    return -Errno.EAGAIN;
  }

  #mayUse(control: TerminalControl, use: 'read' | 'write'): number {
    const process = this.#kernel.currentThread?.process;
    if (process === undefined) return 0;
    if (use === 'read') return this.checkChange(process, control, Signal.TTIN);
    return keepsBackgroundQuiet(control) ? this.checkChange(process, control, Signal.TTOU) : 0;
  }

  #hangUp(control: TerminalControl): void {
    const leader = this.#kernel.processes.get(control.session);
    if (leader !== undefined && leader.exitStatus === undefined) {
      sendToProcess(leader, { signal: Signal.HUP, code: SignalCode.Kernel });
      sendToProcess(leader, { signal: Signal.CONT, code: SignalCode.Kernel });
    }
    if (control.foregroundGroup !== leader?.group) {
      this.signalForeground(control, Signal.HUP);
      this.signalForeground(control, Signal.CONT);
    }
    this.#controlling.delete(control.session);
    control.session = 0;
    control.foregroundGroup = 0;
  }

  #signalGroup(group: number, signal: number): void {
    for (const process of [...this.#kernel.processes.values()]) {
      if (process.group === group && process.exitStatus === undefined)
        sendToProcess(process, { signal, code: SignalCode.Kernel });
    }
  }
}

export type { Terminals };
