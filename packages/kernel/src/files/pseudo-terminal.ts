// Pseudo-terminals (man 7 pty): a master for the program that plays the terminal, a slave with a line discipline for those inside it.
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousStatus, deviceNumber, FileType } from './file-status.ts';
import { LineDiscipline, type TerminalKey } from './line-discipline.ts';
import { type OpenFile, Readiness } from './open-file.ts';
import type { TerminalControl, TerminalSize } from './terminal-file.ts';

/** Output that waits for the master before writers have to wait (the flip buffers' limit of drivers/tty/tty_buffer.c). */
const CAPACITY_BYTES = 65536;
const PTMX = /* @__PURE__ */ deviceNumber(5, 2);
const SLAVE_MAJOR = 136;

/** What the owner of a pseudo-terminal decides. */
export interface PseudoTerminalParts {
  readonly number: number;
  readonly user: number;
  readonly group: number;
  /** Wall-clock nanoseconds. */
  readonly now: () => bigint;
  /** ^C, ^\ and ^Z were typed. */
  readonly onKey: (control: TerminalControl, key: TerminalKey) => void;
  readonly onResize: (control: TerminalControl) => void;
  /** The master is gone. */
  readonly onHangUp: (control: TerminalControl) => void;
  /** Asked before the slave is read or written: 0, or a negated error number (-EAGAIN waits). */
  readonly mayUse: (control: TerminalControl, use: 'read' | 'write') => number;
}

/** One pair. */
export class PseudoTerminal {
  readonly number: number;
  readonly control: TerminalControl;
  readonly master: OpenFile;
  /** unlockpt(3) was not called yet: the slave cannot be opened. */
  isLocked = true;
  isHungUp = false;
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
    this.#discipline = new LineDiscipline(
      (bytes) => this.#show(bytes),
      (key) => parts.onKey(this.control, key),
    );
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
        return this.#discipline.take(target) ?? (this.isHungUp ? 0 : -Errno.EAGAIN);
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

  get #hasRoom(): number {
    return this.#waiting < CAPACITY_BYTES ? Readiness.Writable | Readiness.WriteNormal : 0;
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
        discipline.modes = modes;
        changes.wake();
      },
      discardInput: () => discipline.discard(),
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
        if (this.#waiting === 0) return this.#wasOpened && this.#slaves === 0 ? -Errno.EIO : -Errno.EAGAIN;
        const [first] = this.#output;
        const count = Math.min(first.length, target.length);
        target.set(first.subarray(0, count));
        if (count === first.length) this.#output.shift();
        else this.#output[0] = first.subarray(count);
        this.#waiting -= count;
        this.#changes.wake(Readiness.Writable | Readiness.WriteNormal);
        return count;
      },
      write: (bytes) => {
        this.#discipline.type(bytes);
        this.#changes.wake();
        return bytes.length;
      },
      readiness: () =>
        (this.#waiting > 0 ? Readiness.Readable | Readiness.ReadNormal : 0) |
        (this.#wasOpened && this.#slaves === 0 ? Readiness.HangUp : 0) |
        Readiness.Writable |
        Readiness.WriteNormal,
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
    if (room <= 0) return -Errno.EAGAIN;
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
