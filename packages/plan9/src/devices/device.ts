// The device port: what stands behind a letter after "#". A device serves a tree of its own, like a file server.
import { type OpenDescription, type OpenFile, Readiness, type Thread } from '@elf/kernel';
import type { FactsChange, FileFacts } from '../stat-record.ts';

/** How a file is opened: the mode of open(2) without the bits that concern the descriptor. */
export interface DeviceOpenMode {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly truncates: boolean;
}

/**
 * A tree of files. Paths are relative to its root without a leading slash; '' is the root, and ".." never occurs. `viewer` is the
 * thread that asks: many devices show everybody something else. Failures are negated numbers.
 */
export interface Device {
  readonly letter: string;
  /** Name for /dev/drivers. */
  readonly name: string;
  /** Tells one instance from another: the same for the same files. */
  readonly identity: string;
  stat(path: string, viewer: Thread): FileFacts | number;
  list(path: string, viewer: Thread): readonly FileFacts[] | number;
  /** Opens a file; an open description when that one is to be shared (/fd/0). Directories are not opened through this. */
  open(path: string, mode: DeviceOpenMode, viewer: Thread): OpenFile | OpenDescription | number;
  /** Makes a file (and opens it) or a directory (and returns 0). */
  create?(path: string, mode: DeviceOpenMode, permissions: number, viewer: Thread): OpenFile | number;
  remove?(path: string, viewer: Thread): number;
  change?(path: string, change: FactsChange, viewer: Thread): number;
}

/** Facts of a file of a device that keeps few. */
export function plainFacts(
  letter: string,
  known: Pick<FileFacts, 'name' | 'id' | 'mode' | 'user'> & Partial<FileFacts>,
): FileFacts {
  return {
    type: letter.charCodeAt(0),
    device: 0,
    version: 0,
    accessTime: 0,
    modifyTime: 0,
    length: 0n,
    group: known.user,
    modifier: known.user,
    ...known,
  };
}

/** An open file over two functions, always ready. Reads at a position come from the whole content (readstr of the kernel). */
export function simpleFile(parts: {
  readonly read?: (target: Uint8Array, position: number) => number;
  readonly write?: (bytes: Uint8Array, position: number) => number;
  readonly status: OpenFile['status'];
  readonly close?: () => void;
  readonly isStream?: boolean;
}): OpenFile {
  return {
    isSeekable: !parts.isStream,
    status: parts.status,
    read: parts.read ?? (() => 0),
    write: parts.write ?? (() => 0),
    readiness: () => Readiness.Readable | Readiness.Writable,
    close: parts.close ?? (() => {}),
  };
}

/** Copies what of `content` lies at a position. */
export function readFrom(content: Uint8Array, target: Uint8Array, position: number): number {
  const part = content.subarray(Math.min(position, content.length), position + target.length);
  target.set(part);
  return part.length;
}
