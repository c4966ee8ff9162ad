// Builds small ELF32 files for tests, from the same description as the ELF64 builder.
import { type BuiltElf, ET_EXEC } from '../elf-builder.ts';

const FILE_HEADER_BYTES = 52;
const PROGRAM_HEADER_BYTES = 32;
const EM_386 = 3;
const EXEC_MACHINE_FIELDS = {
  type: 16,
  machine: 18,
  version: 20,
  entry: 24,
  phoff: 28,
  ehsize: 40,
  phentsize: 42,
  phnum: 44,
};

/** The file's bytes. */
export function buildElf32(elf: BuiltElf): Uint8Array {
  const { type, machine, version, entry, phoff, ehsize, phentsize, phnum } = EXEC_MACHINE_FIELDS;
  const segments = elf.segments ?? [];
  const table = Number(elf.phoff ?? FILE_HEADER_BYTES);
  const bytes = new Uint8Array(elf.fileBytes ?? 0x2000);
  const view = new DataView(bytes.buffer);
  const word = (at: number, value: number | bigint) =>
    view.setUint32(at, Number(BigInt.asUintN(32, BigInt(value))), true);
  for (const [offset, content] of Object.entries(elf.contents ?? {})) {
    const part = typeof content === 'string' ? Uint8Array.from(content, (c) => c.charCodeAt(0)) : content;
    bytes.set(part.subarray(0, Math.max(0, bytes.length - Number(offset))), Number(offset));
  }
  bytes.set([0x7f, 0x45, 0x4c, 0x46, ...(elf.ident ?? [1, 1, 1, 0])]);
  view.setUint16(type, elf.type ?? ET_EXEC, true);
  view.setUint16(machine, elf.machine ?? EM_386, true);
  word(version, elf.version ?? 1);
  word(entry, elf.entry ?? 0);
  word(phoff, table);
  view.setUint16(ehsize, FILE_HEADER_BYTES, true);
  view.setUint16(phentsize, elf.phentsize ?? PROGRAM_HEADER_BYTES, true);
  view.setUint16(phnum, elf.phnum ?? segments.length, true);
  segments.forEach((segment, index) => {
    const at = table + index * PROGRAM_HEADER_BYTES;
    if (at + PROGRAM_HEADER_BYTES > bytes.length) return;
    const { offset = 0, vaddr = 0, filesz = 0, memsz = 0, flags = 0, align = 0 } = segment;
    [segment.type, offset, vaddr, vaddr, filesz, memsz, flags, align].forEach((value, field) => {
      word(at + field * 4, value);
    });
  });
  return bytes;
}
