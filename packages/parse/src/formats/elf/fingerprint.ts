// Which tools made or changed a file, each with the evidence that says so.
import { decodeText } from '../../text.ts';
import { DT } from './dynamic.ts';
import type { ElfFile } from './elf.ts';
import { PF, PT } from './program-header.ts';
import { SHF, SHT } from './section-header.ts';

/** What a tool did to the file. */
export type ToolRole = 'language' | 'compiler' | 'linker' | 'packer' | 'bundler' | 'editor';

/** A tool and the sentence that gives it away. */
export interface ToolTrace {
  readonly tool: string;
  readonly role: ToolRole;
  /** What in the file says so, with the place or the text found. */
  readonly evidence: string;
}

interface ToolRow {
  readonly tool: string;
  readonly role: ToolRole;
  readonly find: (elf: ElfFile) => string | undefined;
}

// biome-ignore format: one row per line
const ROWS: readonly ToolRow[] = [
  { tool: 'Go',            role: 'language', find: goBuild },
  { tool: 'Rust',          role: 'language', find: (elf) => comment(elf, 'rustc version') },
  { tool: 'GHC',           role: 'language', find: (elf) => sectionWith(elf, '.debug-ghc-link-info') ?? comment(elf, 'GHC ') },
  { tool: 'Swift',         role: 'language', find: (elf) => sectionWith(elf, 'swift5_reflstr') ?? sectionWith(elf, 'swift5_typeref') },
  { tool: 'GraalVM native image', role: 'language', find: (elf) => sectionWith(elf, '.svm_heap') },
  { tool: 'GCC',           role: 'compiler', find: (elf) => comment(elf, 'GCC: ') },
  { tool: 'Clang',         role: 'compiler', find: (elf) => comment(elf, 'clang version') },
  { tool: 'LLD',           role: 'linker',   find: (elf) => comment(elf, 'Linker: LLD') },
  { tool: 'mold',          role: 'linker',   find: (elf) => comment(elf, 'mold ') },
  { tool: 'gold',          role: 'linker',   find: (elf) => sectionWith(elf, '.note.gnu.gold-version') },
  { tool: 'UPX',           role: 'packer',   find: upxHeader },
  { tool: 'AppImage',      role: 'bundler',  find: appImage },
  { tool: 'Bun',           role: 'bundler',  find: (elf) => sectionWith(elf, '.bun') ?? trailer(elf, '\n---- Bun! ----\n') },
  { tool: 'Deno compile',  role: 'bundler',  find: (elf) => trailer(elf, 'd3n0l4nd') },
  { tool: 'PyInstaller',   role: 'bundler',  find: (elf) => sectionWith(elf, 'pydata') ?? trailer(elf, 'MEI\u000c\u000b\u000a\u000b\u000e') },
  { tool: 'Node.js single executable application', role: 'bundler', find: nodeSingleExecutable },
  { tool: 'postject',      role: 'editor',   find: postjectNote },
  { tool: 'LIEF',          role: 'editor',   find: movedHeaderTable },
  { tool: 'patchelf',      role: 'editor',   find: writableDynamicStrings },
  { tool: 'prelink',       role: 'editor',   find: (elf) => sectionWith(elf, '.gnu.prelink_undo') },
  { tool: 'objcopy --add-gnu-debuglink', role: 'editor', find: (elf) => sectionWith(elf, '.gnu_debuglink') },
];

/**
 * Names the tools that left traces. Every answer carries its evidence; no answer means no trace, not that a tool was not used. `LIEF` and
 * `patchelf` are told by a layout that no linker produces and that these tools do: read the evidence as "edited, the way X does it".
 *
 * @throws ParseError as the parts it looks at do (strict mode).
 * @example
 * ```ts
 * for (const { tool, evidence } of toolFingerprint(elf)) console.log(`${tool}: ${evidence}`);
 * ```
 */
export function toolFingerprint(elf: ElfFile): ToolTrace[] {
  return ROWS.flatMap(({ tool, role, find }) => {
    const evidence = find(elf);
    return evidence === undefined ? [] : [{ tool, role, evidence }];
  });
}

function sectionWith(elf: ElfFile, name: string): string | undefined {
  return elf.sectionNamed(name) && `section ${name}`;
}

// .comment is a list of strings of a few dozen bytes each.
const LONGEST_COMMENT = 65_536n;

/** The string of .comment that contains a text. */
function comment(elf: ElfFile, wanted: string): string | undefined {
  const section = elf.sectionNamed('.comment');
  if (section === undefined || section.type === SHT.NOBITS) return undefined;
  const size = section.size > LONGEST_COMMENT ? LONGEST_COMMENT : section.size;
  const strings = decodeText(elf.readBytes(section.offset, size, '.comment')).split('\0');
  const found = strings.find((text) => text.includes(wanted));
  return found && `.comment: ${found}`;
}

/** A marker in the last bytes of the file, where bundlers put the pointer to what they appended. */
function trailer(elf: ElfFile, marker: string): string | undefined {
  const start = Math.max(0, elf.source.size - 128);
  const at = decodeLatin(elf.source.read(start, 128)).lastIndexOf(marker);
  return at === -1 ? undefined : `${JSON.stringify(marker)} at offset ${start + at}, at the end of the file`;
}

function decodeLatin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

const GO_MAGIC = '\xff Go buildinf:';

/** Go: .go.buildinfo holds the version since 1.13, inline since 1.18 (debug/buildinfo); older ones have only the note. */
function goBuild(elf: ElfFile): string | undefined {
  const section = elf.sectionNamed('.go.buildinfo');
  if (section !== undefined && section.type !== SHT.NOBITS) {
    const bytes = elf.readBytes(section.offset, section.size > 256n ? 256n : section.size, '.go.buildinfo');
    if (decodeLatin(bytes.subarray(0, 14)) === GO_MAGIC) {
      const inline = (bytes[15] & 2) !== 0 && bytes.length > 33;
      // The length is a varint; versions are shorter than 128 bytes, so it is one byte.
      const version = inline && bytes[32] < 128 ? decodeText(bytes, 33, Math.min(bytes.length, 33 + bytes[32])) : '';
      return `.go.buildinfo${version && `: ${version}`}`;
    }
  }
  return elf.notes().some(({ owner }) => owner === 'Go') ? 'note of owner Go' : undefined;
}

/** UPX puts its loader's information block, with its magic at offset 4, right behind the program headers (src/stub, struct l_info). */
function upxHeader(elf: ElfFile): string | undefined {
  const { phoff, phentsize } = elf.fileHeader;
  const at = phoff + BigInt(elf.programHeaders.length * phentsize) + 4n;
  if (at + 4n > BigInt(elf.source.size)) return undefined;
  return decodeLatin(elf.source.read(Number(at), 4)) === 'UPX!'
    ? `"UPX!" behind the program headers, at offset ${at}`
    : undefined;
}

/** AppImage specification: e_ident[8..10] is "AI" and the type. */
function appImage(elf: ElfFile): string | undefined {
  const { ident } = elf.fileHeader;
  const type = ident[10];
  return ident[8] === 0x41 && ident[9] === 0x49 && (type === 1 || type === 2)
    ? `e_ident[8..10] is "AI" and ${type}`
    : undefined;
}

/** Node.js documentation, "Single executable applications": the resource is called NODE_SEA_BLOB. */
function nodeSingleExecutable(elf: ElfFile): string | undefined {
  const note = elf.notes().find(({ owner }) => owner === 'NODE_SEA_BLOB');
  return note && `note of owner NODE_SEA_BLOB with ${note.description.length} bytes at offset ${note.offset}`;
}

/** postject stores a resource as a note whose owner is the resource's name; real owners' names are not in upper case with underscores. */
function postjectNote(elf: ElfFile): string | undefined {
  const note = elf.notes().find(({ owner }) => /^[A-Z0-9]+(_[A-Z0-9]+)+$/.test(owner));
  return note && `a note whose owner is the resource name ${note.owner}`;
}

/** Linkers put the program headers behind the file header; LIEF moves them when it needs room for one more. */
function movedHeaderTable(elf: ElfFile): string | undefined {
  const { phoff, ehsize } = elf.fileHeader;
  if (elf.programHeaders.length === 0 || phoff <= BigInt(ehsize) + 64n || patchedStrings(elf)) return undefined;
  return `program headers at offset ${phoff}, not behind the file header`;
}

function writableDynamicStrings(elf: ElfFile): string | undefined {
  const name = patchedStrings(elf);
  return name && `${name} lies in a writable segment, where no linker puts it`;
}

/** patchelf moves what it makes longer into a new segment that is readable and writable. */
function patchedStrings(elf: ElfFile): string | undefined {
  const writable = elf.programHeaders.filter(({ type, flags }) => type === PT.LOAD && (flags & PF.W) !== 0);
  const executable = elf.programHeaders.some(({ type, flags }) => type === PT.LOAD && (flags & PF.W) === 0);
  const holds = (address: bigint) => writable.some(({ vaddr, filesz }) => address >= vaddr && address - vaddr < filesz);
  // A file with a single writable segment for everything (ld -N) says nothing.
  if (!executable) return undefined;
  const strings = elf.dynamicEntries().find(({ tag }) => tag === DT.STRTAB)?.value;
  if (strings !== undefined && holds(strings)) return 'the dynamic string table';
  const interpreter = elf.sectionNamed('.interp');
  return interpreter && (interpreter.flags & SHF.ALLOC) !== 0n && holds(interpreter.addr) ? '.interp' : undefined;
}
