// The standard streams port: what descriptors 0, 1 and 2 of the first process are.
import type { OpenFile } from '../files/open-file.ts';

/** The three open files a program starts with. The same object may stand in two places (a terminal). */
export interface StandardStreams {
  readonly input: OpenFile;
  readonly output: OpenFile;
  readonly error: OpenFile;
}
