// Segments that state one fact each: PT_GNU_STACK, PT_GNU_RELRO, PT_GNU_PROPERTY, PT_TLS.
import type { ElfFile } from './elf.ts';
import { notesIn } from './note.ts';
import { decodeGnuNote, type ProgramProperty } from './notes/gnu-note.ts';
import { PF, PT } from './program-header.ts';

/** What PT_GNU_STACK asks for. */
export interface StackRequest {
  readonly executable: boolean;
  /** p_memsz: a stack size that musl and some others honour; 0 for none. */
  readonly size: bigint;
}

/** The last PT_GNU_STACK (Linux lets the last one win); undefined without one, where each system has its own default. */
export function stackRequest(elf: ElfFile): StackRequest | undefined {
  const segment = elf.programHeaders.findLast(({ type }) => type === PT.GNU_STACK);
  return segment && { executable: (segment.flags & PF.X) !== 0, size: segment.memsz };
}

/** Addresses that become read-only after relocation, as the first PT_GNU_RELRO gives them (not rounded to pages). */
export function relroRange(elf: ElfFile): { readonly start: bigint; readonly end: bigint } | undefined {
  const segment = elf.programHeaders.find(({ type }) => type === PT.GNU_RELRO);
  return segment && { start: segment.vaddr, end: segment.vaddr + segment.memsz };
}

/**
 * The properties in the first PT_GNU_PROPERTY (shadow stacks, branch targets, instruction set levels); empty without one. The same note is also
 * among `elf.notes()` when a PT_NOTE covers it.
 *
 * @throws ParseError as {@link notesIn} (strict mode).
 */
export function programProperties(elf: ElfFile): readonly ProgramProperty[] {
  const segment = elf.programHeaders.find(({ type }) => type === PT.GNU_PROPERTY);
  if (segment === undefined) return [];
  const { offset, filesz, align } = segment;
  return notesIn(elf, { offset, size: filesz, align }).flatMap((note) => {
    const decoded = note.owner === 'GNU' ? decodeGnuNote(elf, note) : undefined;
    return decoded?.kind === 'gnu-property' ? decoded.properties : [];
  });
}

/** The template that every thread's static thread-local storage starts from. */
export interface ThreadLocalTemplate {
  readonly address: bigint;
  /** Bytes with initial values, then zeros up to `memorySize`. */
  readonly fileSize: bigint;
  readonly memorySize: bigint;
  readonly align: bigint;
  /** The initial values. */
  image(): Uint8Array;
}

/** PT_TLS; undefined without one. */
export function threadLocalTemplate(elf: ElfFile): ThreadLocalTemplate | undefined {
  const segment = elf.programHeaders.find(({ type }) => type === PT.TLS);
  if (segment === undefined) return undefined;
  const { vaddr, filesz, memsz, align } = segment;
  return { address: vaddr, fileSize: filesz, memorySize: memsz, align, image: () => elf.segmentData(segment) };
}
