// Files of /proc/PID that are more than a text: a table of pages, and tables of mounts that can be polled.
import { Errno, type FileStatus, type OpenFile, type Process, Readiness, type Thread, toBytes } from '@elf/kernel';
import { GUEST_PAGE_BYTES } from '@elf/mm';
import { hasCapability } from '../capabilities.ts';
import { mountInfoText, mountsText } from './system-status.ts';

const CAP_SYS_ADMIN = 21;
/** Bytes of an entry of pagemap. */
const ENTRY_BYTES = 8;

/** How one is opened, by name; undefined where the process has nothing to show any more. */
export const SPECIAL_FILES: Readonly<Record<string, (process: Process, status: FileStatus) => OpenFile | undefined>> = {
  pagemap: pagemapFile,
  mounts: (process, status) => mountFile(process, status, mountsText),
  mountinfo: (process, status) => mountFile(process, status, mountInfoText),
};

/** 64 bits for each page of the address space (man 5 proc_pid_pagemap). */
function pagemapFile(process: Process, status: FileStatus): OpenFile {
  const showsFrames = hasCapability(process, CAP_SYS_ADMIN);
  return {
    ...plainFile(status),
    read: (target, position) => {
      if (position % ENTRY_BYTES !== 0 || target.length % ENTRY_BYTES !== 0) return -Errno.EINVAL;
      const { space, exitStatus } = process;
      const first = (position / ENTRY_BYTES) * GUEST_PAGE_BYTES;
      const pages = Math.ceil(Math.max(0, space.layout.taskSize - first) / GUEST_PAGE_BYTES);
      if (exitStatus !== undefined || pages === 0) return 0;
      const entries = space.pagemap(first, Math.min(target.length / ENTRY_BYTES, pages), showsFrames);
      target.set(new Uint8Array(entries.buffer));
      return entries.byteLength;
    },
  };
}

/** A change of the mounts is an error and urgent data until it was asked about (fs/proc_namespace.c, mounts_poll). */
function mountFile(
  process: Process,
  status: FileStatus,
  textOf: (kernel: Thread['kernel'] | undefined) => string,
): OpenFile | undefined {
  const [thread] = process.threads;
  if (thread === undefined) return undefined;
  const { kernel } = thread;
  const { mounts } = kernel.tree;
  let known = mounts.generation;
  let bytes = toBytes(textOf(kernel));
  return {
    ...plainFile(status),
    changes: mounts.changes,
    readiness: () => {
      const isNews = known !== mounts.generation;
      known = mounts.generation;
      const news = isNews ? Readiness.Error | Readiness.Priority : 0;
      return Readiness.Readable | Readiness.ReadNormal | news;
    },
    read: (target, position) => {
      if (position === 0) bytes = toBytes(textOf(kernel));
      const part = bytes.subarray(Math.min(position, bytes.length), Math.min(position + target.length, bytes.length));
      target.set(part);
      return part.length;
    },
  };
}

function plainFile(status: FileStatus) {
  return {
    isSeekable: true,
    status: () => status,
    write: () => -Errno.EBADF,
    readiness: (): number => Readiness.Readable,
    close: () => {},
  };
}
