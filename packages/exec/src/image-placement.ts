// Where a program goes: at its own addresses, at the fixed place of position-independent programs, or where the kernel likes.
import type { AddressSpace } from '@elf/mm';
import { guestPageAddress, guestPageCeiling } from '@elf/pagesize';
import type { LoadContext } from './binary-format.ts';
import { hex } from './exec-record.ts';
import type { ElfImage } from './formats/elf-image.ts';
import { alignImage, type Fixing, type MapFailure, maximumAlignment, totalMappingBytes } from './map-image.ts';

const ET_DYN = 3;

/** How the first segment is to be mapped; later ones follow at the same bias and replace what is there. */
export interface Placement {
  readonly bias: number;
  readonly firstFixing: Fixing;
  /** Bytes the first segment reserves for all of them. */
  readonly reservedBytes: number;
}

/** Decides the bias of the program itself (load_elf_binary, "first_pt_load"). */
export function placeProgram(
  space: AddressSpace,
  image: ElfImage,
  hasInterpreter: boolean,
  context: LoadContext,
): Placement | MapFailure {
  const { layout } = context.request.profile;
  if (image.header.type !== ET_DYN) return { bias: 0, firstFixing: 'no-replace', reservedBytes: 0 };
  // Without any PT_LOAD the kernel never comes to place one: the first fetch will fault.
  if (image.loads.length === 0) return { bias: 0, firstFixing: 'no-replace', reservedBytes: 0 };
  const total = totalMappingBytes(image.loads);
  const firstAddress = image.loads[0].vaddr;
  const reservedBytes = Number(total);
  const alignment = maximumAlignment(image.loads);
  const base = chooseBase(space, reservedBytes, alignment, hasInterpreter, layout.dynamicBase);
  if (typeof base === 'object') return base;
  const bias = (base ?? 0) - guestPageAddress(Number(firstAddress));
  context.record.add({
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
  space: AddressSpace,
  reservedBytes: number,
  alignment: number,
  hasInterpreter: boolean,
  dynamicBase: number,
): number | MapFailure | undefined {
  if (hasInterpreter) return alignImage(guestPageAddress(dynamicBase), alignment);
  if (alignment <= guestPageCeiling(1)) return undefined;
  // Since 6.10: see where it would go, then align that place down.
  const probe = space.map({ length: reservedBytes, protection: 0 });
  if (probe < 0) {
    const sentence = `There is no room for ${hex(reservedBytes)} bytes.`;
    return { errno: -probe, rule: 'load-map', sentence };
  }
  space.unmap(probe, reservedBytes);
  return alignImage(probe, alignment);
}
