// Files without a place in any tree that are neither pipes nor sockets: counters, timers, interest lists (anon_inode of Linux).
import { Errno } from '../errno.ts';
import type { WaitQueue } from '../wait-queue.ts';
import { anonymousStatus } from './file-status.ts';
import type { OpenFile } from './open-file.ts';

/** All of them are one inode (fs/anon_inodes.c), which has no type. */
const SHARED_INODE = 1039;
const ANONYMOUS_DEVICE = 16;

/** What makes one kind differ from another. */
export interface AnonymousFileParts {
  /** What /proc/PID/fd shows, such as "anon_inode:[eventfd]". */
  readonly name: string;
  readonly changes?: WaitQueue;
  readonly control?: object;
  readonly readiness: () => number;
  /** EINVAL when absent. */
  readonly read?: (target: Uint8Array) => number;
  readonly write?: (bytes: Uint8Array) => number;
  readonly close?: () => void;
}

/**
 * An open file of such a kind.
 * @example
 * const file = anonymousFile({ name: 'anon_inode:[eventfd]', changes, readiness, read, write });
 */
export function anonymousFile(parts: AnonymousFileParts): OpenFile {
  const { name, changes, control, readiness, read, write, close } = parts;
  return {
    isSeekable: false,
    ignoresSeek: true,
    anonymousName: name,
    changes,
    control,
    readiness,
    status: () => anonymousStatus({ mode: 0o600, inode: SHARED_INODE, device: ANONYMOUS_DEVICE }),
    read: read ?? (() => -Errno.EINVAL),
    write: write ?? (() => -Errno.EINVAL),
    close: close ?? (() => {}),
  };
}
