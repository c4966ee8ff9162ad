// A terminal as an open file: bytes from a host terminal through the line discipline to the guest, and back.
import { Errno } from '../errno.ts';
import { WaitQueue } from '../wait-queue.ts';
import { anonymousStatus, deviceNumber, FileType } from './file-status.ts';
import { LineDiscipline, type TerminalKey, type TerminalModes } from './line-discipline.ts';
import { type OpenFile, Readiness } from './open-file.ts';

/** Rows and columns of a terminal. */
export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}

/** What ioctl can do with a terminal, in terms no personality owns. */
export interface TerminalControl {
  size(): TerminalSize;
  modes(): TerminalModes;
  setModes(modes: TerminalModes): void;
  /** Personality-format attributes kept verbatim next to the modes the discipline acts on. */
  attributes: Uint8Array | undefined;
  foregroundGroup: number;
  /** The session whose controlling terminal it is; 0 for none. */
  session: number;
  /** Absent where the size is the host's. */
  setSize?(size: TerminalSize): void;
  /** TCIFLUSH; absent where the host holds what was typed. */
  discardInput?(): void;
  /** TCOFLUSH; absent where nothing waits. */
  discardOutput?(): void;
  /** TCOOFF and TCOON. */
  stopOutput?(isStopped: boolean): void;
}

/** The terminal port: something that shows bytes and sends what is typed. */
export interface TerminalPort {
  write(bytes: Uint8Array): void;
  /** Calls the listener with typed bytes; an empty array means the terminal is gone. */
  onInput(listener: (bytes: Uint8Array) => void): void;
  size(): TerminalSize;
}

/**
 * A terminal over a port, with the line discipline here (for pages; a host terminal that cooks its own input needs none).
 * `onInterrupt` hears ^C, ^\ and ^Z.
 */
export function createTerminalFile(port: TerminalPort, onInterrupt: (key: TerminalKey) => void): OpenFile {
  const changes = new WaitQueue();
  const discipline = new LineDiscipline({
    echo: (bytes) => port.write(bytes),
    onKey: onInterrupt,
    onFlow: () => changes.wake(),
  });
  let gone = false;
  port.onInput((bytes) => {
    if (bytes.length === 0) gone = true;
    else discipline.type(bytes);
    changes.wake();
  });
  const terminal: TerminalControl = {
    size: () => port.size(),
    modes: () => discipline.modes,
    setModes: (modes) => {
      discipline.modes = modes;
      changes.wake();
    },
    attributes: undefined,
    foregroundGroup: 0,
    session: 0,
    discardInput: () => discipline.discard(),
    stopOutput: (isStopped) => discipline.stop(isStopped),
  };
  return {
    isSeekable: false,
    changes,
    terminal,
    status: () => anonymousStatus({ mode: FileType.Character | 0o620, specialDevice: deviceNumber(136, 0), inode: 3 }),
    read: (target) => discipline.take(target) ?? (gone ? 0 : -Errno.EAGAIN),
    write: (bytes) => {
      if (discipline.isStopped) return -Errno.EAGAIN;
      port.write(discipline.cook(bytes));
      return bytes.length;
    },
    readiness: () =>
      (discipline.isStopped ? 0 : Readiness.Writable) | (discipline.isReadable || gone ? Readiness.Readable : 0),
    available: () => discipline.available,
    close: () => {},
  };
}
