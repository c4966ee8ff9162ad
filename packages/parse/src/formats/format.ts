// What one row of the format table says.
import type { ByteSource } from '../byte-source.ts';

/** A file format: how to recognise it and how to open it. */
export interface Format<Name extends string = string, File = unknown> {
  readonly name: Name;
  /** For people: what such a file is. */
  readonly description: string;
  /** True when a file that starts with these bytes (up to {@link HEAD_SIZE}) is of this format. */
  readonly recognises: (head: Uint8Array) => boolean;
  /** Opens it with strict rules. */
  readonly parse: (source: ByteSource) => File;
}

/** How many bytes of a file recognition looks at. */
export const HEAD_SIZE = 64;
