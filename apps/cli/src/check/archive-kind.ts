// Tells archives by their first bytes, and Android packages by their names.

/** Kinds of archive; the compressions we do not unpack are named to tell people what to do. */
export type ArchiveKind = 'zip' | 'tar' | 'ar' | 'gzip' | 'bzip2' | 'xz' | 'zstd';

/** How many bytes {@link archiveKind} looks at: the tar magic lies at 257. */
export const ARCHIVE_HEAD_BYTES = 512;

const MAGICS: readonly { readonly kind: ArchiveKind; readonly offset: number; readonly bytes: readonly number[] }[] = [
  { kind: 'zip', offset: 0, bytes: [0x50, 0x4b, 0x03, 0x04] },
  { kind: 'zip', offset: 0, bytes: [0x50, 0x4b, 0x05, 0x06] },
  { kind: 'gzip', offset: 0, bytes: [0x1f, 0x8b, 0x08] },
  { kind: 'bzip2', offset: 0, bytes: [0x42, 0x5a, 0x68] },
  { kind: 'xz', offset: 0, bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { kind: 'zstd', offset: 0, bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { kind: 'ar', offset: 0, bytes: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e, 0x0a] },
  { kind: 'tar', offset: 257, bytes: [0x75, 0x73, 0x74, 0x61, 0x72] },
];

/** The kind of archive that starts with these bytes; undefined for anything else. */
export function archiveKind(head: Uint8Array): ArchiveKind | undefined {
  return MAGICS.find(({ offset, bytes }) => bytes.every((byte, index) => head[offset + index] === byte))?.kind;
}

/** Android packages and bundles. */
export function isPackageName(name: string): boolean {
  return /\.(apk|aab)$/i.test(name);
}

/** The ABI folder of a library in an APK or in a module of a bundle: `arm64-v8a` of `lib/arm64-v8a/x.so`, `base/lib/arm64-v8a/x.so`. */
export function androidAbi(member: string): string | undefined {
  return /(?:^|\/)lib\/(arm64-v8a|armeabi-v7a|armeabi|x86_64|x86|riscv64)\/[^/]+$/.exec(member)?.[1];
}
