// vFile: files of the guest's tree for the debugger, read-only (GDB manual, appendix E.7, Host I/O Packets).
import { type FileStatus, fromBytes, type OpenDescription, type Process } from '@elf/kernel';
import { hexToBytes } from './hexadecimal.ts';

const EBADF = 9;
const EINVAL = 22;
const EROFS = 30;
/** What the protocol knows of Linux's error numbers under the same number; others become EUNKNOWN. */
const SHARED_ERRORS = new Set([1, 2, 4, 5, 9, 13, 14, 16, 17, 19, 20, 21, 22, 23, 24, 27, 28, 29, 30]);
const EUNKNOWN = 9999;
const O_ACCMODE = 3;
const NANOSECONDS = 1_000_000_000n;
const STATUS_BYTES = 64;
const MOST_BYTES = 1 << 16;

/** The files one debugger has open. */
export class GuestFiles {
  readonly #process: () => Process | undefined;
  readonly #open = new Map<number, OpenDescription>();
  #next = 3;

  constructor(process: () => Process | undefined) {
    this.#process = process;
  }

  /** Answers what follows "vFile:"; undefined: no such operation. */
  answer(request: string): string | undefined {
    const colon = request.indexOf(':');
    const words = request.slice(colon + 1).split(',');
    switch (request.slice(0, colon)) {
      // All processes share one tree.
      case 'setfs':
        return 'F0';
      case 'open':
        return this.#openFile(words);
      case 'close':
        return this.#closeFile(Number.parseInt(words[0], 16));
      case 'pread':
        return this.#read(words.map((word) => Number.parseInt(word, 16)));
      case 'fstat':
        return this.#status(Number.parseInt(words[0], 16));
      case 'readlink':
        return this.#link(words[0]);
      default:
        return undefined;
    }
  }

  /** Closes all of them. */
  close(): void {
    for (const description of this.#open.values()) description.release();
    this.#open.clear();
  }

  #openFile([name, flags]: readonly string[]): string {
    const process = this.#process();
    const path = pathOf(name);
    if (process === undefined || path === undefined) return failure(EINVAL);
    if ((Number.parseInt(flags, 16) & O_ACCMODE) !== 0) return failure(EROFS);
    const mode = { readable: true, writable: false, append: false, nonBlocking: true };
    const { tree } = process.threads.values().next().value?.kernel ?? {};
    const opened = tree?.open(process.viewpoint, path, { read: true, write: false }, mode) ?? -EBADF;
    if (typeof opened === 'number') return failure(-opened);
    const number = this.#next++;
    this.#open.set(number, opened);
    return `F${number.toString(16)}`;
  }

  #closeFile(number: number): string {
    const description = this.#open.get(number);
    if (description === undefined) return failure(EBADF);
    this.#open.delete(number);
    description.release();
    return 'F0';
  }

  #read([number, count, offset]: readonly number[]): string {
    const description = this.#open.get(number);
    if (description === undefined) return failure(EBADF);
    if (!(count >= 0 && Number.isSafeInteger(offset) && offset >= 0)) return failure(EINVAL);
    const bytes = new Uint8Array(Math.min(count, MOST_BYTES));
    const done = description.file.read(bytes, offset);
    // A file that waits, such as a pipe, is none to read here.
    if (typeof done !== 'number') return failure(EBADF);
    return done < 0 ? failure(-done) : `F${done.toString(16)};${fromBytes(bytes.subarray(0, done))}`;
  }

  #status(number: number): string {
    const status = this.#open.get(number)?.file.status();
    if (status === undefined) return failure(EBADF);
    return typeof status === 'number' ? failure(-status) : `F${STATUS_BYTES.toString(16)};${statusText(status)}`;
  }

  #link(name: string): string {
    const process = this.#process();
    const path = pathOf(name);
    const tree = process?.threads.values().next().value?.kernel.tree;
    if (process === undefined || path === undefined || tree === undefined) return failure(EINVAL);
    const place = tree.resolve(process.viewpoint, path, false);
    if (typeof place === 'number') return failure(-place);
    const target = tree.mounts.readLink(place.path);
    return typeof target === 'number' ? failure(-target) : `F${target.length.toString(16)};${target}`;
  }
}

/** A name in hexadecimal digits; undefined for what cannot be one. */
function pathOf(digits: string): string | undefined {
  const bytes = hexToBytes(digits);
  return bytes === undefined || bytes.includes(0) ? undefined : fromBytes(bytes);
}

function failure(errno: number): string {
  return `F-1,${(SHARED_ERRORS.has(errno) ? errno : EUNKNOWN).toString(16)}`;
}

/** struct stat of the protocol: big-endian (GDB manual, appendix E.13.9.1). */
function statusText(status: FileStatus): string {
  const bytes = new Uint8Array(STATUS_BYTES);
  const view = new DataView(bytes.buffer);
  const { device, inode, mode, links, user, group, specialDevice } = status;
  [device, inode, mode, links, user, group, specialDevice].forEach((word, index) => {
    view.setUint32(index * 4, word % 0x1_0000_0000);
  });
  [status.sizeInBytes, status.blockSizeInBytes, status.blocks].forEach((long, index) => {
    view.setBigUint64(28 + index * 8, BigInt(long));
  });
  [status.accessTime, status.modifyTime, status.changeTime].forEach((time, index) => {
    view.setUint32(52 + index * 4, Number((time / NANOSECONDS) & 0xffff_ffffn));
  });
  return fromBytes(bytes);
}
