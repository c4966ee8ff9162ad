// The program itself in memory: mapped, measured, and where its heap starts (load_elf_binary).
import { roundUp } from '@elf/pagesize';
import { PF, type ProgramHeader, PT } from '@elf/parse';
import { hex } from '../exec-record.ts';
import { placeProgram } from '../image-placement.ts';
import type { ImageTarget } from '../image-target.ts';
import { loadSegments } from '../load-segments.ts';
import type { LoaderTraits } from '../loader-profile.ts';
import type { MapFailure } from '../map-image.ts';
import type { ElfImage } from './elf-image.ts';
import { firstFailure } from './elf-rule.ts';

const ET_DYN = 3;

/** A program in memory, with the borders Linux keeps of it. */
export interface MappedProgram {
  readonly bias: number;
  readonly programHeaderAddress: number;
  readonly startCode: number;
  readonly endCode: number;
  readonly startData: number;
  readonly endData: number;
  readonly brk: number;
  readonly auxiliaryPageBytes: number;
}

/** Maps the program's segments after the profile's rules for the whole image. */
export function mapProgram(target: ImageTarget, image: ElfImage, hasInterpreter: boolean): MappedProgram | MapFailure {
  const broken = firstFailure(target.request.profile.elfRules, ['image'], {
    ...image.candidate,
    layout: target.layout,
  });
  if (broken) return broken;
  const placement = placeProgram(target, image, hasInterpreter);
  if ('sentence' in placement) return placement;
  const loaded = loadSegments(target, image, placement);
  if ('sentence' in loaded) return loaded;
  return {
    bias: loaded.bias,
    auxiliaryPageBytes: loaded.auxiliaryPageBytes,
    programHeaderAddress: findProgramHeaders(target, image, loaded.bias),
    ...borders(image, loaded.bias),
    brk: heapStart(target, image, hasInterpreter, loaded.end),
  };
}

type AddressRule = (image: ElfImage, bias: number) => number;

// biome-ignore format: one row per rule
const PROGRAM_HEADER_ADDRESS: Readonly<Record<NonNullable<LoaderTraits['programHeaderAddress']>, AddressRule>> = {
  'holding-segment': ({ loads, header: { phoff } }, bias) => {
    const holder = loads.findLast(({ offset, filesz }) => offset <= phoff && phoff < offset + filesz);
    return (holder ? Number(phoff - holder.offset + holder.vaddr) : 0) + bias;
  },
  'first-segment': ({ loads: [first], header }, bias) =>
    (first ? Number(first.vaddr - first.offset) : 0) + Number(header.phoff) + bias,
  'first-address': ({ loads: [first], header }, bias) => Number(first?.vaddr ?? 0n) + Number(header.phoff) + bias,
  'program-header-entry': ({ loads, programHeaders, header }, bias) => {
    const entry = programHeaders.find(({ type }) => type === PT.PHDR);
    const start = loads.find(({ offset }) => offset === 0n);
    return entry ? Number(entry.vaddr) + bias : start ? Number(start.vaddr + header.phoff) + bias : 0;
  },
};

function findProgramHeaders({ request, record }: ImageTarget, image: ElfImage, bias: number): number {
  const rule = request.profile.traits?.programHeaderAddress ?? 'holding-segment';
  // With a bias below 0 the address may wrap round.
  const address = Number(BigInt.asUintN(image.abi.elfClass, BigInt(PROGRAM_HEADER_ADDRESS[rule](image, bias))));
  record.add({
    step: 'find program headers',
    kernelFunction: 'load_elf_binary',
    inputs: { tableOffset: hex(image.header.phoff), rule },
    decision: `AT_PHDR is ${hex(address)}`,
  });
  return address;
}

/**
 * start_code and its companions, which /proc/PID/stat shows. As in the kernel they are looked for in linked addresses, from
 * 2^64 - 1 down and from 0 up, and moved afterwards: without code, start_code is the wrapped-round start value.
 */
function borders({ loads }: ElfImage, bias: number) {
  const code = loads.filter(({ flags }) => (flags & PF.X) !== 0);
  const start = ({ vaddr }: ProgramHeader) => Number(vaddr);
  const fileEnd = ({ vaddr, filesz }: ProgramHeader) => Number(vaddr + filesz);
  const moved = (address: number) => Number(BigInt.asUintN(64, BigInt(address + bias)));
  return {
    startCode: moved(code.length === 0 ? -1 : Math.min(...code.map(start))),
    endCode: moved(Math.max(0, ...code.map(fileEnd))),
    startData: moved(Math.max(0, ...loads.map(start))),
    endData: moved(Math.max(0, ...loads.map(fileEnd))),
  };
}

/**
 * After the program; a static PIE lies in the mmap area, where a heap would soon hit something, so it gets the place of
 * ordinary programs. Randomisation leaves a page free and moves the heap up (arch_randomize_brk).
 */
function heapStart(target: ImageTarget, image: ElfImage, hasInterpreter: boolean, end: number): number {
  const { layout, pageBytes, request } = target;
  const isMoved = request.profile.traits?.staticPieHeap !== 'after-program' || layout.randomization !== undefined;
  const isStaticPie = isMoved && image.header.type === ET_DYN && !hasInterpreter;
  const start = roundUp(isStaticPie ? layout.dynamicBase : end, pageBytes);
  if (layout.randomization === undefined) return start;
  return start + (isStaticPie ? 0 : pageBytes) + layout.randomization.brkOffset;
}
