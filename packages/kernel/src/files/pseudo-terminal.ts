// Pseudo-terminals (man 7 pty): a master for the program that plays the terminal, a slave with a line discipline for those inside it.
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousStatus, deviceNumber, FileType } from './file-status.ts';
import { LineDiscipline, type TerminalKey, type TerminalModes } from './line-discipline.ts';
import { type OpenFile, Readiness } from './open-file.ts';
import type { TerminalControl, TerminalSize } from './terminal-file.ts';

/** Output that waits for the master before writers have to wait (the flip buffers' limit of drivers/tty/tty_buffer.c). */
const CAPACITY_BYTES = 65536;
/** Echoes that go on while nobody reads are lost beyond this (n_tty.c loses the oldest of 4096). */
const ECHO_LIMIT_BYTES = CAPACITY_BYTES * 2;
const NANOSECONDS_OF_PATIENCE = 100_000_000;
const PTMX = /* @__PURE__ */ deviceNumber(5, 2);
const SLAVE_MAJOR = 136;

/** What the owner of a pseudo-terminal decides. */
export interface PseudoTerminalParts {
  readonly number: number;
  readonly user: number;
  readonly group: number;
  /** Wall-clock nanoseconds. */
  readonly now: () => bigint;
  /** Monotonic nanoseconds. */
  readonly monotonic: () => number;
  /** ^C, ^\ and ^Z were typed. */
  readonly onKey: (control: TerminalControl, key: TerminalKey) => void;
  readonly onResize: (control: TerminalControl) => void;
  /** The master is gone. */
  readonly onHangUp: (control: TerminalControl) => void;
  /** Asked before the slave is read or written: 0, or a negated error number (-EAGAIN waits). */
  readonly mayUse: (control: TerminalControl, use: 'read' | 'write') => number;
}

/** What happened at the slave, for a master in packet mode (man 2 ioctl_tty, TIOCPKT). */
export const PacketEvent = { FlushRead: 1, FlushWrite: 2, Stop: 4, Start: 8, NoStop: 16, DoStop: 32 } as const;

/** One pair. */
export class PseudoTerminal {
  readonly number: number;
  readonly control: TerminalControl;
  readonly master: OpenFile;
  /** unlockpt(3) was not called yet: the slave cannot be opened. */
  isLocked = true;
  isHungUp = false;
  #isPacketMode = false;
  #packetEvents = 0;
  readonly #parts: PseudoTerminalParts;
  readonly #changes = new WaitQueue();
  readonly #discipline: LineDiscipline;
  readonly #born: bigint;
  #output: Uint8Array[] = [];
  #waiting = 0;
  #slaves = 0;
  #wasOpened = false;
  #size: TerminalSize = { rows: 0, columns: 0 };

  constructor(parts: PseudoTerminalParts) {
    this.#parts = parts;
    this.number = parts.number;
    this.#born = parts.now();
    this.#discipline = new LineDiscipline({
      echo: (bytes) => this.#waiting < ECHO_LIMIT_BYTES && this.#show(bytes),
      onKey: (key) => parts.onKey(this.control, key),
      onDiscardOutput: () => this.discardOutput(),
      onFlow: (isStopped) => {
        this.#notePacketEvent(isStopped ? PacketEvent.Stop : PacketEvent.Start);
        this.#changes.wake();
      },
    });
    this.control = this.#makeControl();
    this.master = this.#makeMaster();
  }

  /** Opens the slave: its status, readiness and content. */
  openSlave(): OpenFile | number {
    if (this.isHungUp || this.isLocked) return -Errno.EIO;
    this.#slaves++;
    this.#wasOpened = true;
    return {
      isSeekable: false,
      changes: this.#changes,
      terminal: this.control,
      status: () => this.slaveStatus(),
      available: () => this.#discipline.available,
      read: (target) => {
        const taken = this.isHungUp ? 0 : this.#parts.mayUse(this.control, 'read');
        if (taken < 0) return taken;
        const room = this.#discipline.room;
        const count = this.#discipline.take(target) ?? (this.isHungUp ? 0 : -Errno.EAGAIN);
        if (room === 0 && count > 0) this.#changes.wake(Readiness.Writable | Readiness.WriteNormal);
        return count;
      },
      readLate: (target) => this.#discipline.take(target, true) ?? 0,
      deadline: (direction) => {
        const { canonical, minimum, patience } = this.#discipline.modes;
        if (direction === 'write' || canonical || minimum > 0 || patience === 0) return undefined;
        return this.#parts.monotonic() + patience * NANOSECONDS_OF_PATIENCE;
      },
      write: (bytes) => this.#write(bytes),
      readiness: () =>
        (this.#discipline.isReadable || this.isHungUp ? Readiness.Readable | Readiness.ReadNormal : 0) |
        (this.isHungUp ? Readiness.HangUp | Readiness.Error : this.#hasRoom),
      close: () => {
        this.#slaves--;
        this.#changes.wake();
      },
    };
  }

  /** What stat(2) tells of /dev/pts/N. */
  slaveStatus() {
    return anonymousStatus({
      mode: FileType.Character | 0o620,
      specialDevice: deviceNumber(SLAVE_MAJOR, this.number),
      inode: this.number + 3,
      device: 24,
      user: this.#parts.user,
      group: this.#parts.group,
      blockSizeInBytes: 1024,
      accessTime: this.#born,
      modifyTime: this.#born,
      changeTime: this.#born,
    });
  }

  /** TIOCPKT. */
  set isPacketMode(isOn: boolean) {
    if (isOn && !this.#isPacketMode) this.#packetEvents = 0;
    this.#isPacketMode = isOn;
  }

  get isPacketMode(): boolean {
    return this.#isPacketMode;
  }

  /** Output that the master did not read yet is forgotten (TCOFLUSH at the slave). */
  discardOutput(): void {
    this.#output = [];
    this.#waiting = 0;
    this.#notePacketEvent(PacketEvent.FlushWrite);
    this.#changes.wake();
  }

  #notePacketEvent(event: number): void {
    if (!this.#isPacketMode) return;
    const opposites = PacketEvent.Stop | PacketEvent.Start;
    if ((event & opposites) !== 0) this.#packetEvents &= ~opposites;
    this.#packetEvents |= event;
  }

  get #hasRoom(): number {
    return this.#waiting < CAPACITY_BYTES && !this.#discipline.isStopped
      ? Readiness.Writable | Readiness.WriteNormal
      : 0;
  }

  #makeControl(): TerminalControl {
    const discipline = this.#discipline;
    const changes = this.#changes;
    return {
      size: () => this.#size,
      setSize: (size) => {
        const isNew = size.rows !== this.#size.rows || size.columns !== this.#size.columns;
        this.#size = size;
        if (isNew) this.#parts.onResize(this.control);
      },
      modes: () => discipline.modes,
      setModes: (modes) => {
        const [had, has] = [usesUsualFlowKeys(discipline.modes), usesUsualFlowKeys(modes)];
        if (had !== has) this.#notePacketEvent(has ? PacketEvent.DoStop : PacketEvent.NoStop);
        discipline.modes = modes;
        changes.wake();
      },
      discardInput: () => {
        discipline.discard();
        this.#notePacketEvent(PacketEvent.FlushRead);
        changes.wake();
      },
      discardOutput: () => this.discardOutput(),
      stopOutput: (isStopped) => discipline.stop(isStopped),
      attributes: undefined,
      session: 0,
      foregroundGroup: 0,
    };
  }

  #makeMaster(): OpenFile {
    return {
      isSeekable: false,
      changes: this.#changes,
      terminal: this.control,
      control: this,
      status: () => anonymousStatus({ mode: FileType.Character | 0o666, specialDevice: PTMX, inode: 2, device: 24 }),
      available: () => this.#waiting,
      read: (target) => {
        if (this.#packetEvents !== 0 && target.length > 0) {
          target[0] = this.#packetEvents;
          this.#packetEvents = 0;
          return 1;
        }
        if (this.#waiting === 0) return this.#wasOpened && this.#slaves === 0 ? -Errno.EIO : -Errno.EAGAIN;
        // In packet mode data comes behind a byte of zero.
        const start = this.#isPacketMode && target.length > 0 ? 1 : 0;
        if (start > 0) target[0] = 0;
        let at = start;
        while (this.#output.length > 0 && at < target.length) {
          const [first] = this.#output;
          const part = first.subarray(0, target.length - at);
          target.set(part, at);
          at += part.length;
          if (part.length === first.length) this.#output.shift();
          else this.#output[0] = first.subarray(part.length);
        }
        this.#waiting -= at - start;
        this.#changes.wake(Readiness.Writable | Readiness.WriteNormal);
        return at;
      },
      write: (bytes) => {
        const part = bytes.subarray(0, this.#discipline.room);
        if (part.length === 0 && bytes.length > 0) return -Errno.EAGAIN;
        this.#discipline.type(part);
        this.#changes.wake();
        return part.length;
      },
      readiness: () =>
        (this.#waiting > 0 || this.#packetEvents !== 0 ? Readiness.Readable | Readiness.ReadNormal : 0) |
        (this.#packetEvents !== 0 ? Readiness.Priority : 0) |
        (this.#wasOpened && this.#slaves === 0 ? Readiness.HangUp : 0) |
        (this.#discipline.room > 0 ? Readiness.Writable | Readiness.WriteNormal : 0),
      close: () => {
        this.isHungUp = true;
        this.#parts.onHangUp(this.control);
        this.#changes.wake();
      },
    };
  }

  #write(bytes: Uint8Array): number {
    if (this.isHungUp) return -Errno.EIO;
    const allowed = this.#parts.mayUse(this.control, 'write');
    if (allowed < 0) return allowed;
    const room = CAPACITY_BYTES - this.#waiting;
    if (room <= 0 || this.#discipline.isStopped) return -Errno.EAGAIN;
    const part = bytes.subarray(0, room);
    this.#show(this.#discipline.cook(part));
    return part.length;
  }

  #show(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#output.push(bytes.slice());
    this.#waiting += bytes.length;
    this.#changes.wake(Readiness.Readable | Readiness.ReadNormal);
  }
}

/** What a terminal program may do itself: ^S and ^Q stop and start (n_tty.c, n_tty_set_termios with TIOCPKT_DOSTOP). */
function usesUsualFlowKeys({ flowControl, keys }: TerminalModes): boolean {
  return flowControl && keys.start === 17 && keys.stop === 19;
}
