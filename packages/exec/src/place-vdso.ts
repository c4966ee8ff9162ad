// The vDSO's place: below everything mapped so far, its data areas right under it (arch/x86/entry/vdso/vma.c, map_vdso).
import { Protection } from '@elf/mm';
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { AT_SYSINFO_EHDR } from './auxiliary-vector.ts';
import type { ImageAbi } from './binary-format.ts';
import { hex } from './exec-record.ts';
import type { AnnouncedVdso, ExecRequest, VdsoImage } from './exec-request.ts';
import type { ImageTarget } from './image-target.ts';

/** Name of its area in /proc/PID/maps. */
const AREA = '[vdso]';

/**
 * Maps the vDSO that a request brings for programs of an ABI, or passes on where one already is.
 * @returns what the auxiliary vector says of it; undefined without one; a negative error number when there is no room.
 */
export function placeVdso(target: ImageTarget, abi: ImageAbi): AnnouncedVdso | number | undefined {
  const { vdso } = target.request;
  if (vdso === undefined || 'address' in vdso) return vdso;
  const image = vdso[abi];
  return image === undefined || !mapsVdso(target) ? undefined : mapVdso(target, image);
}

/** Kernels whose vector has the entry do; emulators keep their host's to themselves, and the image is made of guest pages. */
function mapsVdso({ request, policy, pageBytes }: ImageTarget): boolean {
  return policy === undefined && pageBytes === GUEST_PAGE_BYTES && announcesVdso(request);
}

function announcesVdso({ profile }: ExecRequest): boolean {
  return profile.traits?.auxiliaryEntries?.includes(AT_SYSINFO_EHDR) ?? true;
}

function mapVdso({ space, record }: ImageTarget, image: VdsoImage): AnnouncedVdso | number {
  const { dataAreas, sizeInBytes, backing, systemCallEntryOffset } = image;
  const total = dataAreas.reduce((sum, area) => sum + area.sizeInBytes, sizeInBytes);
  // All of it is placed at once and then filled piece by piece.
  const start = space.map({ length: total, protection: 0, name: AREA });
  if (start < 0) return start;
  space.unmap(start, total);
  let address = start;
  const piece = (
    name: string,
    part: Pick<VdsoImage, 'backing' | 'sizeInBytes'>,
    protection: number,
    maximum: number,
    kernelPages = false,
  ) => {
    const { sizeInBytes: length, backing } = part;
    const rights = { protection, maximumProtection: maximum };
    space.map({ address, length, ...rights, backing, fixed: 'no-replace', name, kernelPages });
    address += length;
  };
  const { Read, Write, Execute } = Protection;
  for (const area of dataAreas) piece(area.name, area, Read, Read, true);
  const code = address;
  piece(AREA, { backing, sizeInBytes }, Read | Execute, Read | Write | Execute);
  record.add({
    step: 'map vDSO',
    kernelFunction: 'map_vdso',
    inputs: { bytes: sizeInBytes, dataBytes: total - sizeInBytes },
    decision: `its header is at ${hex(code)}`,
  });
  return {
    address: code,
    ...(systemCallEntryOffset !== undefined && { systemCallEntry: code + systemCallEntryOffset }),
  };
}
