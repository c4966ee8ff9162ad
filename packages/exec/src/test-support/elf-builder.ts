// Builds small ELF64 files for tests, field by field and as wrong as a test wants them.

/** A program header to write; everything defaults to 0. */
export interface BuiltSegment {
  readonly type: number;
  readonly flags?: number;
  readonly offset?: number | bigint;
  readonly vaddr?: number | bigint;
  readonly filesz?: number | bigint;
  readonly memsz?: number | bigint;
  readonly align?: number | bigint;
}

/** What to build. */
export interface BuiltElf {
  readonly type?: number;
  readonly machine?: number;
  readonly entry?: number | bigint;
  readonly phoff?: number | bigint;
  readonly phentsize?: number;
  readonly phnum?: number;
  /** Bytes of e_ident from EI_CLASS on. */
  readonly ident?: readonly number[];
  readonly version?: number;
  readonly segments?: readonly BuiltSegment[];
  /** Bytes by file offset. */
  readonly contents?: Readonly<Record<number, Uint8Array | string>>;
  readonly fileBytes?: number;
}

export const LOAD = 1;
export const INTERP = 3;
export const NOTE = 4;
export const STACK = 0x6474e551;
export const R = 4;
export const W = 2;
export const X = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;

/** An ordinary text segment that covers the first page of the file. */
export const textSegment: BuiltSegment = { type: LOAD, flags: R | X, vaddr: 0x400000, filesz: 0x1000, memsz: 0x1000 };

/** The file's bytes. */
export function buildElf(elf: BuiltElf): Uint8Array {
  const segments = elf.segments ?? [textSegment];
  const phoff = BigInt(elf.phoff ?? 64);
  const bytes = new Uint8Array(elf.fileBytes ?? 0x2000);
  const view = new DataView(bytes.buffer);
  for (const [offset, content] of Object.entries(elf.contents ?? {})) {
    const part =
      typeof content === 'string' ? Uint8Array.from(content, (character) => character.charCodeAt(0)) : content;
    bytes.set(part.subarray(0, Math.max(0, bytes.length - Number(offset))), Number(offset));
  }
  bytes.set([0x7f, 0x45, 0x4c, 0x46, ...(elf.ident ?? [2, 1, 1, 0])]);
  view.setUint16(16, elf.type ?? ET_EXEC, true);
  view.setUint16(18, elf.machine ?? 62, true);
  view.setUint32(20, elf.version ?? 1, true);
  view.setBigUint64(24, BigInt(elf.entry ?? 0x400800), true);
  view.setBigUint64(32, phoff, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, elf.phentsize ?? 56, true);
  view.setUint16(56, elf.phnum ?? segments.length, true);
  segments.forEach((segment, index) => {
    const at = phoff + BigInt(index * 56);
    if (at + 56n > BigInt(bytes.length)) return;
    const words = [segment.offset, segment.vaddr, segment.vaddr, segment.filesz, segment.memsz, segment.align];
    view.setUint32(Number(at), segment.type, true);
    view.setUint32(Number(at) + 4, segment.flags ?? 0, true);
    words.forEach((word, field) => {
      view.setBigUint64(Number(at) + 8 + field * 8, BigInt(word ?? 0), true);
    });
  });
  return bytes;
}
