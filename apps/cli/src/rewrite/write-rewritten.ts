// Writes a rewritten file: in blocks, under a temporary name, checked before it takes the name it was asked to have.
import {
  closeSync,
  fchmodSync,
  ftruncateSync,
  openSync,
  realpathSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ByteSource } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import type { RewritePiece, RewritePlan } from '@elf/parse/rewrite';

const BLOCK_BYTES = 1 << 20;
const PERMISSION_BITS = 0o7777;

/** Why nothing was written, for people. */
export interface WriteRefusal {
  readonly refusal: string;
}

/**
 * Writes the plan's output to `outputPath` with the permission bits of `input`. Zeros become holes. An existing file keeps its
 * content until the new one is complete and `check` has accepted it.
 *
 * @param check looks at the written file; a text says what is wrong with it, and then the file is removed.
 * @throws the host's error (ENOSPC, EACCES ...) unchanged; nothing is left behind.
 */
export function writeRewritten(
  source: ByteSource,
  input: Stats,
  outputPath: string,
  plan: RewritePlan,
  check: (written: ByteSource) => string | undefined,
): WriteRefusal | undefined {
  const existing = statSync(outputPath, { throwIfNoEntry: false });
  if (existing && !existing.isFile()) return { refusal: `${outputPath} is not an ordinary file` };
  // Through a symbolic link, so that the link stays and what it names is replaced.
  const target = existing ? realpathSync(outputPath) : outputPath;
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.elf`);
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    try {
      let at = 0;
      for (const piece of plan.pieces) at = writePiece(descriptor, at, piece, source);
      ftruncateSync(descriptor, plan.size);
      fchmodSync(descriptor, input.mode & PERMISSION_BITS);
    } finally {
      closeSync(descriptor);
    }
    const written = openFileSource(temporary);
    const wrong = check(written);
    written.close();
    if (wrong === undefined) renameSync(temporary, target);
    else unlinkSync(temporary);
    return wrong === undefined ? undefined : { refusal: wrong };
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

/** @returns the place of the next piece. */
function writePiece(descriptor: number, start: number, piece: RewritePiece, source: ByteSource): number {
  if (piece.kind === 'zeros') return start + piece.length;
  if (piece.kind === 'bytes') return writeAll(descriptor, start, piece.bytes);
  for (let done = 0; done < piece.length; ) {
    const bytes = source.read(piece.offset + done, Math.min(BLOCK_BYTES, piece.length - done));
    if (bytes.length === 0) throw new Error('the input became shorter while it was read');
    writeAll(descriptor, start + done, bytes);
    done += bytes.length;
  }
  return start + piece.length;
}

function writeAll(descriptor: number, start: number, bytes: Uint8Array): number {
  let done = 0;
  while (done < bytes.length) done += writeSync(descriptor, bytes, done, bytes.length - done, start + done);
  return start + bytes.length;
}
