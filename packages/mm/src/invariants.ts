// What must hold between areas, page table, frames and TLBs after every change: the model test's second opinion.
import { GUEST_PAGE_BYTES, isAligned } from '@elf/pagesize';
import { entryFlags } from './fault-handler.ts';
import { Protection } from './page-fault.ts';
import { frameOf, PageEntry } from './page-table.ts';
import type { SpaceState } from './space-state.ts';
import { TLB_ENTRIES, TLB_ENTRY_BYTES } from './tlb/layout.ts';
import type { Tlb } from './tlb/tlb.ts';
import { AreaFlag, type Vma } from './vma.ts';

/** Every broken rule as a sentence. */
export function checkInvariants(state: SpaceState): string[] {
  const problems: string[] = [];
  checkAreas(state, problems);
  state.table.update(0, state.layout.taskSize, (page, entry) => {
    checkEntry(state, page, entry, problems);
    return entry;
  });
  for (const tlb of state.tlbs) checkTlb(state, tlb, problems);
  return problems;
}

function checkAreas(state: SpaceState, problems: string[]): void {
  const granularity = state.layout.mappingGranularity;
  let previousEnd = 0;
  let total = 0;
  for (const area of state.vmas.areas) {
    const name = `area ${area.start.toString(16)}-${area.end.toString(16)}`;
    if (area.start >= area.end) problems.push(`${name} is empty`);
    if (area.start < previousEnd) problems.push(`${name} overlaps the one before it`);
    if (!isAligned(area.start, granularity) || !isAligned(area.end, granularity))
      problems.push(`${name} is not page aligned`);
    if (area.end > state.layout.taskSize) problems.push(`${name} leaves the address space`);
    if (area.backing && !isAligned(area.offset, granularity)) problems.push(`${name} has an unaligned offset`);
    if (area.protection & ~area.maximumProtection) problems.push(`${name} exceeds its maximum protection`);
    if (area.flags & AreaFlag.Shared && area.privatePages !== undefined)
      problems.push(`${name} is shared with private pages`);
    if (area.flags & AreaFlag.Shared && area.backing === undefined) problems.push(`${name} is shared by nothing`);
    if (area.sharesPrivatePages && area.privatePages === undefined) problems.push(`${name} shares no private pages`);
    if (area.backing && state.memory.fileFrames.describe(area.backing.identity).mappings === 0)
      problems.push(`${name} maps a file whose frames nobody keeps`);
    previousEnd = area.end;
    total += area.end - area.start;
  }
  if (total !== state.vmas.totalBytes)
    problems.push(`the areas hold ${total} bytes, the count says ${state.vmas.totalBytes}`);
}

function checkEntry(state: SpaceState, page: number, entry: number, problems: string[]): void {
  const name = `page ${page.toString(16)}`;
  const area = state.vmas.find(page);
  const frame = frameOf(entry);
  if (area === undefined) {
    problems.push(`${name} has a frame but no area`);
    return;
  }
  const references = state.memory.frameReferences(frame);
  if (frame === 0 || references < 1) problems.push(`${name} maps a frame that is free`);
  const permitted = PageEntry.Readable | PageEntry.Executable;
  if ((entry & permitted) !== entryFlags(area.protection)) problems.push(`${name} has flags its area does not give`);
  if (entry & PageEntry.Writable) checkWritable(state, name, area, entry, references, problems);
  if (area.flags & AreaFlag.Shared && area.backing !== undefined) {
    const filePage = (area.offset + (page - area.start)) / GUEST_PAGE_BYTES;
    if (state.memory.fileFrames.find(area.backing.identity, filePage) !== frame) {
      problems.push(`${name} is shared but maps a frame of its own`);
    }
  } else if (entry & PageEntry.Dirty) problems.push(`${name} is dirty but not shared`);
}

function checkWritable(
  state: SpaceState,
  name: string,
  area: Vma,
  entry: number,
  references: number,
  problems: string[],
): void {
  if (!(area.protection & Protection.Write)) problems.push(`${name} is writable, its area is not`);
  if (entry & PageEntry.Code) problems.push(`${name} holds translated code and is writable`);
  if (frameOf(entry) === state.memory.zeroFrame()) problems.push(`${name} may write into the zero frame`);
  if (!(area.flags & AreaFlag.Shared) && references !== 1) problems.push(`${name} may write into a frame others use`);
  if (!(area.flags & AreaFlag.Shared) && area.privatePages === undefined)
    problems.push(`${name} is a private page of an area without any`);
  if (state.memory.codeFrames.has(frameOf(entry))) problems.push(`${name} may write into translated code`);
  if (area.flags & AreaFlag.Shared && !(entry & PageEntry.Dirty)) problems.push(`${name} is writable but not dirty`);
}

function checkTlb(state: SpaceState, tlb: Tlb, problems: string[]): void {
  const { i64, i32 } = state.memory;
  const tagWords = [0, 2, 4];
  const wanted = [PageEntry.Readable, PageEntry.Writable, PageEntry.Executable];
  for (let index = 0; index < TLB_ENTRIES; index++) {
    const at = tlb.hostOffset + index * TLB_ENTRY_BYTES;
    for (let access = 0; access < wanted.length; access++) {
      // Most entries are empty, and a 64-bit number for each would take longer than all the rest.
      if (i32[at / 4 + tagWords[access]] === -1) continue;
      const tag = i64[at / 8 + access];
      const page = Number(tag);
      const entry = state.table.read(page);
      const name = `TLB entry of page ${page.toString(16)}`;
      if (!(entry & wanted[access])) problems.push(`${name} allows access ${access}, the page table does not`);
      if (((page | 0) + i32[at / 4 + 6]) >>> 0 !== frameOf(entry)) problems.push(`${name} leads to another frame`);
    }
  }
}
