// What a check is asked for.

/** Where a file lies in a ZIP archive: Android maps uncompressed libraries from there. */
export interface ZipPlacement {
  /** Offset of the file's first byte in the archive. */
  readonly dataOffset: number;
  readonly isCompressed: boolean;
  /** The archive is an APK, whose libraries are mapped in place; bundles (AAB) are repacked first. */
  readonly isInstallable: boolean;
}

/** Options of {@link checkImage}. */
export interface CheckOptions {
  /** Names of loader profiles and page policies; all real ones when absent. Naming one makes its refusals errors. */
  readonly loaders?: readonly string[];
  /** Host pages in bytes; 4, 16 and 64 KiB when absent. Naming them makes damage on them an error. */
  readonly hostPageBytes?: readonly number[];
  /** Ask emulators too when no loaders are named, and so about large pages for x86 files as well. Default true. */
  readonly askEmulators?: boolean;
  /** Report permissions that change where segments share a page, as notes. Default true. */
  readonly reportPermissions?: boolean;
  /** Read the bytes a policy takes from the wrong place, so that those which happen to be equal do not count. Default true. */
  readonly measureDamage?: boolean;
  /** What is named in damaged ranges: functions and objects too (default), sections, or nothing. Names are read from tables of the file. */
  readonly naming?: 'symbols' | 'sections' | 'nothing';
  /** Look for run-time libraries in the file's data. Default true. */
  readonly scanRuntimes?: boolean;
  /** The file lies in an Android package. */
  readonly zip?: ZipPlacement;
  /** The file's path as the user knows it, for the commands in fixes. */
  readonly path?: string;
}

/** The page sizes of Linux on 64-bit machines. */
export const DEFAULT_HOST_PAGES: readonly number[] = [4096, 16384, 65536]; // not a page size: the list of those asked about
