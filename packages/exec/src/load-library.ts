// uselib(2): asks the binary formats to map a shared library into a running program (fs/exec.c before it was taken out).
import type { BinaryFormat, LibraryRequest } from './binary-format.ts';
import { ExecErrno, errnoName } from './exec-errno.ts';

/**
 * Walks the list until a format that has libraries answers with anything but ENOEXEC.
 * @param formats the binfmt list; rows without `loadLibrary` are passed over.
 * @returns 0, or a positive error number: EACCES for what is not a regular file, ENOEXEC when nobody knows the file.
 * @example
 * const errno = loadLibrary(linuxProfile.formats, { file, space, record: new ExecRecord() }); // ENOEXEC: Linux's have none
 */
export function loadLibrary(formats: readonly BinaryFormat[], library: LibraryRequest): number {
  if (!library.file.isRegularFile) return ExecErrno.EACCES;
  let errno: number = ExecErrno.ENOEXEC;
  for (const format of formats) {
    if (format.loadLibrary === undefined) continue;
    errno = format.loadLibrary(library);
    library.record.add({
      step: `library as ${format.name}`,
      kernelFunction: 'uselib',
      inputs: { format: format.name, fileBytes: library.file.source.size },
      decision: errno === 0 ? 'the library is mapped' : `refused with ${errnoName(errno)}`,
      errno: errno === 0 ? undefined : errno,
    });
    if (errno !== ExecErrno.ENOEXEC) break;
  }
  return errno;
}
