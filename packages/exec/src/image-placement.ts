// Where an image goes: at its own addresses, at the fixed place of position-independent programs, or where the kernel likes.
import { roundDown } from '@elf/pagesize';
import { hex } from './exec-record.ts';
import type { ElfImage } from './formats/elf-image.ts';
import type { ImageTarget } from './image-target.ts';
import { alignImage, type Fixing, type MapFailure, maximumAlignment, totalMappingBytes } from './map-image.ts';

const ET_DYN = 3;

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
  const { pageBytes, request, record } = target;
  // Without any PT_LOAD the kernel never comes to place one: the first fetch will fault.
  if (image.header.type !== ET_DYN || image.loads.length === 0) {
    return { bias: 0, firstFixing: 'no-replace', reservedBytes: 0 };
  }
  const total = totalMappingBytes(image.loads, pageBytes);
  const firstAddress = image.loads[0].vaddr;
  const reservedBytes = Number(total);
  const alignment = maximumAlignment(image.loads, pageBytes);
  const base = chooseBase(target, reservedBytes, alignment, hasInterpreter);
  if (typeof base === 'object') return base;
  // gVisor adds the linked address to the place it chose; Linux takes it off, so that the first segment is at that place.
  const isAdded = request.profile.traits?.firstAddress === 'added' && base !== undefined;
  const bias = (base ?? 0) - (isAdded ? 0 : roundDown(Number(firstAddress), pageBytes));
  record.add({
    step: 'place program',
    kernelFunction: 'load_elf_binary',
    inputs: { span: hex(total), alignment: hex(alignment), hasInterpreter, firstAddress: hex(firstAddress) },
    decision:
      base === undefined ? 'the kernel chooses the highest free place' : `the first segment goes to ${hex(base)}`,
  });
  return { bias, firstFixing: base === undefined ? undefined : 'no-replace', reservedBytes };
}

/** The page address of the first segment, undefined when the kernel shall choose, or a failure. */
function chooseBase(
  { space, pageBytes, layout, request }: ImageTarget,
  reservedBytes: number,
  alignment: number,
  hasInterpreter: boolean,
): number | MapFailure | undefined {
  if (hasInterpreter) {
    const offset = layout.randomization?.executableOffset ?? 0;
    return alignImage(roundDown(layout.dynamicBase + offset, pageBytes), alignment);
  }
  if (alignment <= pageBytes || request.profile.traits?.staticPieAlignment === 'page') return undefined;
  // Since 6.10: see where it would go, then align that place down.
  const probe = space.map({ length: reservedBytes, protection: 0 });
  if (probe < 0) {
    const sentence = `There is no room for ${hex(reservedBytes)} bytes.`;
    return { errno: -probe, rule: 'load-map', sentence };
  }
  space.unmap(probe, reservedBytes);
  return alignImage(probe, alignment);
}

/**
 * Decides where an interpreter goes (load_elf_interp): an ET_DYN where the kernel likes in one piece, an ET_EXEC replaces
 * whatever is at its addresses.
 */
export function placeInterpreter({ pageBytes }: ImageTarget, image: ElfImage, programBias: number): Placement {
  if (image.header.type !== ET_DYN) return { bias: 0, firstFixing: 'replace', reservedBytes: 0 };
  // A relocated program frees the interpreter from its linked address; beside an ET_EXEC that address is a hint.
  const bias = programBias === 0 ? 0 : -roundDown(Number(image.loads[0].vaddr), pageBytes);
  return { bias, firstFixing: undefined, reservedBytes: Number(totalMappingBytes(image.loads, pageBytes)) };
}
