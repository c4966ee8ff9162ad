// How a rewritten file is described: pieces in order, so that nobody ever holds the whole file, and the changes in words.
import type { ByteSource } from '../byte-source.ts';
import { ParseError } from '../parse-error.ts';

/** A part of the output. Pieces follow each other without gaps. Offsets and lengths are bytes. */
export type RewritePiece =
  | { readonly kind: 'copy'; readonly offset: number; readonly length: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'zeros'; readonly length: number };

/** One thing that is different in the output, and where. */
export interface RewriteChange {
  /** Offset in the output. */
  readonly offset: number;
  readonly length: number;
  readonly sentence: string;
}

/** A file made out of another one. */
export interface RewritePlan {
  /** Bytes of the output. */
  readonly size: number;
  readonly pieces: readonly RewritePiece[];
  /** In order of offset; everything else is the input's bytes. */
  readonly changes: readonly RewriteChange[];
}

/** Bytes to put over a copy, at an offset of the copied file. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Bytes a piece contributes to the output. */
export function pieceLength(piece: RewritePiece): number {
  return piece.kind === 'bytes' ? piece.bytes.length : piece.length;
}

/**
 * Copies `size` bytes with patches over them; patches may come in any order.
 *
 * @throws ParseError `malformed` when patches overlap or reach past the end: then structures of the file overlap.
 */
export function patchedCopy(size: number, patches: readonly Patch[]): RewritePiece[] {
  const pieces: RewritePiece[] = [];
  let done = 0;
  for (const { offset, bytes } of patches.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < done || offset + bytes.length > size) {
      throw new ParseError(
        'malformed',
        offset,
        'elf',
        'Structures of the file that have to change overlap each other.',
      );
    }
    if (offset > done) pieces.push({ kind: 'copy', offset: done, length: offset - done });
    pieces.push({ kind: 'bytes', bytes });
    done = offset + bytes.length;
  }
  if (size > done) pieces.push({ kind: 'copy', offset: done, length: size - done });
  return pieces;
}

/**
 * The output as a source: read it in blocks to write it, or give it to a parser without writing it at all.
 *
 * @example
 * ```ts
 * const output = rewrittenSource(input, plan);
 * for (let at = 0; at < output.size; at += 1 << 20) write(output.read(at, 1 << 20));
 * ```
 */
export function rewrittenSource(input: ByteSource, plan: RewritePlan): ByteSource {
  const starts: number[] = [];
  let end = 0;
  for (const piece of plan.pieces) {
    starts.push(end);
    end += pieceLength(piece);
  }
  return {
    size: plan.size,
    read(offset, length) {
      const wanted = Math.max(0, Math.min(length, plan.size - offset));
      const bytes = new Uint8Array(wanted);
      if (wanted === 0) return bytes;
      let index = starts.findLastIndex((start) => start <= offset);
      for (let done = 0; done < wanted; index++) {
        const within = offset + done - starts[index];
        const piece = plan.pieces[index];
        const part = Math.min(pieceLength(piece) - within, wanted - done);
        if (piece.kind === 'copy') bytes.set(input.read(piece.offset + within, part), done);
        if (piece.kind === 'bytes') bytes.set(piece.bytes.subarray(within, within + part), done);
        done += part;
      }
      return bytes;
    },
  };
}
