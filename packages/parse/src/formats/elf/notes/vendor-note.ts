// Notes by which systems and toolchains sign their programs: the BSDs, Android, Go, and the FDO (systemd) metadata.
import { decodeCString, decodeText } from '../../../text.ts';
import type { ElfFile } from '../elf.ts';
import type { ElfNote } from '../note.ts';

/** Decoded notes of these owners. */
export type VendorNote =
  | { readonly kind: 'freebsd-abi-tag'; readonly osreldate: number }
  | { readonly kind: 'freebsd-noinit-tag' }
  | { readonly kind: 'freebsd-arch-tag'; readonly architecture: string }
  | { readonly kind: 'freebsd-feature-control'; readonly flags: number }
  | { readonly kind: 'netbsd-ident'; readonly version: number }
  | { readonly kind: 'netbsd-pax'; readonly flags: number }
  | { readonly kind: 'netbsd-march'; readonly architecture: string }
  | { readonly kind: 'openbsd-ident'; readonly version: number }
  | { readonly kind: 'dragonfly-ident'; readonly version: number }
  | {
      readonly kind: 'android-ident';
      readonly apiLevel: number;
      readonly ndkVersion: string;
      readonly ndkBuild: string;
    }
  | { readonly kind: 'go-build-id'; readonly buildId: string }
  | { readonly kind: 'fdo-packaging'; readonly json: string }
  | { readonly kind: 'fdo-dlopen'; readonly json: string };

interface VendorRow {
  readonly owner: string;
  readonly type: number;
  /** Shortest description that can be decoded. */
  readonly minimum: number;
  readonly decode: (number: number, description: Uint8Array) => VendorNote;
}

// FreeBSD: sys/sys/elf_common.h. NetBSD: sys/sys/exec_elf.h. OpenBSD: sys/sys/exec_elf.h. Android: bionic's crtbrand.S. Go: cmd/link.
// FDO: systemd's ELF_PACKAGE_METADATA and ELF_DLOPEN_METADATA specifications (UAPI group).
// biome-ignore format: one row per line
const ROWS: readonly VendorRow[] = [
  { owner: 'FreeBSD',   type: 1,          minimum: 4, decode: (osreldate) => ({ kind: 'freebsd-abi-tag', osreldate }) },
  { owner: 'FreeBSD',   type: 2,          minimum: 0, decode: () => ({ kind: 'freebsd-noinit-tag' }) },
  { owner: 'FreeBSD',   type: 3,          minimum: 1, decode: (_, text) => ({ kind: 'freebsd-arch-tag', architecture: decodeCString(text) }) },
  { owner: 'FreeBSD',   type: 4,          minimum: 4, decode: (flags) => ({ kind: 'freebsd-feature-control', flags }) },
  { owner: 'NetBSD',    type: 1,          minimum: 4, decode: (version) => ({ kind: 'netbsd-ident', version }) },
  { owner: 'NetBSD',    type: 5,          minimum: 1, decode: (_, text) => ({ kind: 'netbsd-march', architecture: decodeCString(text) }) },
  { owner: 'PaX',       type: 3,          minimum: 4, decode: (flags) => ({ kind: 'netbsd-pax', flags }) },
  { owner: 'OpenBSD',   type: 1,          minimum: 4, decode: (version) => ({ kind: 'openbsd-ident', version }) },
  { owner: 'DragonFly', type: 1,          minimum: 4, decode: (version) => ({ kind: 'dragonfly-ident', version }) },
  { owner: 'Android',   type: 1,          minimum: 4, decode: decodeAndroid },
  { owner: 'Go',        type: 4,          minimum: 0, decode: (_, text) => ({ kind: 'go-build-id', buildId: decodeText(text) }) },
  { owner: 'FDO',       type: 0xcafe1a7e, minimum: 1, decode: (_, text) => ({ kind: 'fdo-packaging', json: decodeCString(text) }) },
  { owner: 'FDO',       type: 0x407c0c0a, minimum: 1, decode: (_, text) => ({ kind: 'fdo-dlopen', json: decodeCString(text) }) },
];

/** Decodes a note of one of these owners. */
export function decodeVendorNote(elf: ElfFile, note: ElfNote): VendorNote | undefined {
  const row = ROWS.find(({ owner, type }) => owner === note.owner && type === note.type);
  if (row === undefined || note.description.length < row.minimum) return undefined;
  const number = note.description.length < 4 ? 0 : elf.reader(note.description).u32(0);
  return row.decode(number, note.description);
}

/** Since NDK r14 the level is followed by two 64-byte strings. */
function decodeAndroid(apiLevel: number, description: Uint8Array): VendorNote {
  const text = (at: number) => (description.length < at + 64 ? '' : decodeCString(description, at, at + 64));
  return { kind: 'android-ident', apiLevel, ndkVersion: text(4), ndkBuild: text(68) };
}
