// Mapping one PT_LOAD as FreeBSD does: file pages, and anonymous pages into which the last piece of the file is copied.
import { Protection } from '@elf/mm';
import { roundDown, roundUp } from '@elf/pagesize';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import type { ImageTarget } from '../image-target.ts';
import { flagText, type MapFailure, protectionOf, type SegmentMapper } from '../map-image.ts';
import { fillFromFile } from '../page-filler.ts';

/**
 * elf64_load_section (sys/kern/imgact_elf.c). Address and offset are rounded down each for itself: where they differ within
 * the page the content is shifted, without an error. Nothing may be mapped there already.
 */
export const mapFreebsdSegment: SegmentMapper = (target, { file, segment, address }) => {
  const { space, pageBytes } = target;
  const protection = protectionOf(segment.flags, target.readImpliesExecute);
  const [offset, fileBytes, memoryBytes] = [segment.offset, segment.filesz, segment.memsz].map(Number);
  const page = roundDown(address, pageBytes);
  const fileStart = roundDown(offset, pageBytes);
  const fileEnd = offset + fileBytes;
  const lastPage = roundDown(fileEnd, pageBytes);
  const hasZeros = memoryBytes > fileBytes;
  const mappedBytes = fileBytes === 0 ? 0 : (hasZeros ? lastPage : roundUp(fileEnd, pageBytes)) - fileStart;
  const parts: string[] = [];
  if (mappedBytes > 0) {
    const area = { address: page, length: mappedBytes, protection, backing: file.backing, offset: fileStart };
    if (space.map({ ...area, fixed: 'no-replace' }) < 0) return taken(target, segment.index, page, mappedBytes);
    parts.push(`file pages ${hex(page)}-${hex(page + mappedBytes)}`);
  }
  if (hasZeros) {
    const start = roundDown(address + fileBytes, pageBytes);
    const length = roundUp(address + memoryBytes, pageBytes) - start;
    const writable = Protection.Read | Protection.Write;
    const area = { address: start, length, protection: writable, fixed: 'no-replace' } as const;
    if (space.map(area) < 0) return taken(target, segment.index, start, length);
    const copied = fileBytes === 0 ? 0 : fileEnd - lastPage;
    fillFromFile(space, file, start, copied, lastPage);
    space.protect(start, length, protection);
    parts.push(`anonymous pages ${hex(start)}-${hex(start + length)} with ${copied} bytes of the file`);
  }
  target.record.add({
    step: `map segment ${segment.index}`,
    kernelFunction: 'elf_load',
    inputs: {
      offset: hex(segment.offset),
      address: hex(address),
      fileBytes: hex(segment.filesz),
      memoryBytes: hex(segment.memsz),
      flags: flagText(segment.flags),
    },
    decision: parts.length > 0 ? parts.join(', ') : 'nothing to map',
  });
  return page;
};

function taken({ record }: ImageTarget, index: number, start: number, length: number): MapFailure {
  const sentence = `PT_LOAD ${index} cannot be mapped at ${hex(start)} (${hex(length)} bytes): something is there, or outside.`;
  record.add({
    step: `map segment ${index}`,
    kernelFunction: 'elf_load',
    inputs: { address: hex(start), bytes: hex(length) },
    decision: sentence,
    errno: ExecErrno.EINVAL,
  });
  return { errno: ExecErrno.EINVAL, rule: 'load-map', sentence };
}
