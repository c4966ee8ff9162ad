// What an error of the host means, for the person who asked for the file.
const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EISDIR: 'is a directory',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  EIO: 'input/output error',
  EMFILE: 'too many open files',
  ENAMETOOLONG: 'the name is too long',
};

/** A sentence for an error that an input caused. Errors that are no host error and no archive error are bugs and thrown again. */
export function hostErrorText(error: unknown): string {
  if (!(error instanceof Error)) throw error;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') return SENTENCES[code] ?? error.message;
  if (error instanceof TypeError || error instanceof ReferenceError || error instanceof RangeError) throw error;
  return error.message;
}
