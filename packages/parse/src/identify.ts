// Tells which format a file has, by the format table.
import type { ByteSource } from './byte-source.ts';
import { HEAD_SIZE } from './formats/format.ts';
import { FORMATS } from './formats/index.ts';

/** One row of the format table. */
export type KnownFormat = (typeof FORMATS)[number];

/**
 * The format of a file by its first bytes, undefined when none is known. Reads 64 bytes and never throws for what they are.
 *
 * @example
 * ```ts
 * const format = identify(source);
 * if (format?.name === 'elf') console.log(format.parse(source).fileHeader.machine);
 * ```
 */
export function identify(source: ByteSource): KnownFormat | undefined {
  const head = source.read(0, HEAD_SIZE);
  return FORMATS.find((format) => format.recognises(head));
}
