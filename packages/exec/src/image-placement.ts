// Where an image goes: at its own addresses, at the fixed place of position-independent programs, or where the kernel likes.
import { roundDown, roundUp } from '@elf/pagesize';
import { hex } from './exec-record.ts';
import type { ElfImage } from './formats/elf-image.ts';
import type { ImageTarget } from './image-target.ts';
import { alignImage, type Fixing, type MapFailure, maximumAlignment, totalMappingBytes } from './map-image.ts';

const ET_DYN = 3;
/** MAXDSIZ of FreeBSD on amd64: the interpreter leaves room for that much data (sys/amd64/include/vmparam.h). */
const LARGEST_DATA_BYTES = 32 * 1024 ** 3;

/** How the first segment is to be mapped; later ones follow at the same bias and replace what is there. */
export interface Placement {
  /** Difference between addresses in memory and in the file; only a wish when `firstFixing` is undefined. */
  readonly bias: number;
  readonly firstFixing: Fixing;
  /** Bytes the first segment reserves for all of them. */
  readonly reservedBytes: number;
}

/** Decides the bias of the program itself (load_elf_binary, "first_pt_load"). */
export function placeProgram(target: ImageTarget, image: ElfImage, hasInterpreter: boolean): Placement | MapFailure {
  const { pageBytes, layout, request, record } = target;
  // Without any PT_LOAD the kernel never comes to place one: the first fetch will fault.
  if (image.header.type !== ET_DYN || image.loads.length === 0) {
    return { bias: 0, firstFixing: 'no-replace', reservedBytes: 0 };
  }
  const { placement } = request.profile.traits ?? {};
  if (placement === 'probed') return probePlace(target, image, layout.dynamicBase);
  const total = totalMappingBytes(image.loads, pageBytes);
  const firstAddress = image.loads[0].vaddr;
  if (placement === 'linked' && firstAddress !== 0n) return { bias: 0, firstFixing: 'no-replace', reservedBytes: 0 };
  const reservedBytes = Number(total);
  const alignment = maximumAlignment(image.loads, pageBytes);
  const base = chooseBase(target, image, reservedBytes, alignment, hasInterpreter);
  if (typeof base === 'object') return base;
  // The difference is rounded, not the address: one within a page costs a page more.
  const bias = roundDown((base ?? 0) - Number(firstAddress), pageBytes);
  record.add({
    step: 'place program',
    kernelFunction: 'load_elf_binary',
    inputs: { span: hex(total), alignment: hex(alignment), hasInterpreter, firstAddress: hex(firstAddress) },
    decision:
      base === undefined
        ? 'the kernel chooses the highest free place'
        : `the first segment goes to ${hex(roundDown(bias + Number(firstAddress), pageBytes))}`,
  });
  return { bias, firstFixing: base === undefined ? undefined : 'no-replace', reservedBytes };
}

/** The page address of the first segment, undefined when the kernel shall choose, or a failure. */
function chooseBase(
  { space, pageBytes, layout, request }: ImageTarget,
  { file, loads: [first] }: ElfImage,
  reservedBytes: number,
  alignment: number,
  hasInterpreter: boolean,
): number | MapFailure | undefined {
  const { alignedPrograms = 'all', placement } = request.profile.traits ?? {};
  if (hasInterpreter || placement === 'linked') {
    const offset = layout.randomization?.executableOffset ?? 0;
    return alignImage(layout.dynamicBase + offset, alignedPrograms === 'none' ? 1 : alignment);
  }
  if (alignment <= pageBytes || alignedPrograms !== 'all') return undefined;
  // Since 6.11: see where it would go, then align that place down. Zero pages go where they are told: to address 0.
  if (first.filesz === 0n) return 0;
  const offset = roundDown(Number(first.offset), pageBytes);
  const probe = space.map({ length: reservedBytes, protection: 0, backing: file.backing, offset });
  if (probe < 0) {
    const sentence = `There is no room for ${hex(reservedBytes)} bytes.`;
    return { errno: -probe, rule: 'load-map', sentence };
  }
  space.unmap(probe, reservedBytes);
  return alignImage(probe, alignment);
}

/**
 * Looks for a free range for all segments and gives it up again (gVisor's loadParsedELF). The linked addresses count from its
 * start, so that a first address other than 0 moves the image up in it.
 */
function probePlace({ space, pageBytes, record }: ImageTarget, image: ElfImage, hint: number): Placement | MapFailure {
  const [first, last] = [image.loads[0], image.loads[image.loads.length - 1]];
  const span = roundUp(Number(last.vaddr + last.memsz - first.vaddr), pageBytes);
  const place = space.map({ address: roundDown(hint, pageBytes), length: span, protection: 0 });
  if (place < 0) {
    return { errno: -place, rule: 'load-map', sentence: `There is no room for ${hex(span)} bytes.` };
  }
  space.unmap(place, span);
  record.add({
    step: 'place program',
    kernelFunction: 'load_elf_binary',
    inputs: { span: hex(span), firstAddress: hex(first.vaddr), hint: hex(hint) },
    decision: `addresses count from ${hex(place)}`,
  });
  return { bias: place, firstFixing: 'replace', reservedBytes: 0 };
}

/**
 * Decides where an interpreter goes (load_elf_interp): an ET_DYN where the kernel likes in one piece, an ET_EXEC replaces
 * whatever is at its addresses.
 */
export function placeInterpreter(
  target: ImageTarget,
  image: ElfImage,
  program: { readonly bias: number; readonly startData: number },
): Placement | MapFailure {
  const { pageBytes, request } = target;
  if (request.profile.traits?.placement === 'linked' && image.header.type === ET_DYN) {
    const bias = roundUp(roundDown(program.startData, pageBytes) + LARGEST_DATA_BYTES, pageBytes);
    return { bias, firstFixing: 'no-replace', reservedBytes: 0 };
  }
  if (request.profile.traits?.placement === 'probed' && image.header.type === ET_DYN && image.loads.length > 0) {
    return probePlace(target, image, 0);
  }
  if (image.header.type !== ET_DYN) return { bias: 0, firstFixing: 'replace', reservedBytes: 0 };
  // A relocated program frees the interpreter from its linked address; beside an ET_EXEC that address is a hint.
  const bias = program.bias === 0 ? 0 : -roundDown(Number(image.loads[0].vaddr), pageBytes);
  return { bias, firstFixing: undefined, reservedBytes: Number(totalMappingBytes(image.loads, pageBytes)) };
}
