// One file to check, wherever it comes from, and what can go wrong on the way to it.
import type { ZipPlacement } from '@elf/exec/check';
import type { ByteSource } from '@elf/parse';

/** A file whose bytes can be read. Sources are valid during the visit only. */
export interface CheckTarget {
  /** As shown: the path as given, members of archives behind an exclamation mark (`a.apk!lib/arm64-v8a/x.so`). */
  readonly path: string;
  /** The file on disk. */
  readonly file: string;
  /** Path inside the archive, absent for a file of its own. */
  readonly member?: string;
  readonly source: ByteSource;
  readonly zip?: ZipPlacement;
  /** Given on the command line, not found in a directory. */
  readonly isNamed: boolean;
}

/** Who looks at files as they are found. */
export interface TargetVisitor {
  visit(target: CheckTarget): void;
  /** A file, directory, archive or member that could not be read. */
  unreadable(path: string, message: string): void;
  /** A file without an executable format, passed over. */
  skipped(path: string): void;
}
