// Selectors: what loading one into a segment register or CS checks and does, and what user code can ask about one (SDM vol. 3A, section 5.6).
import type { GuestMemory } from '@elf/mm';
import { Vector } from '../../cpu-exit.ts';
import { ExitStatus, MissingSegment } from '../../engine/exit-status.ts';
import type { CpuState } from '../../state/cpu-state.ts';
import { CODE_32, LOCAL_TABLE, Segment } from '../../state/descriptors.ts';
import { EXIT_DETAIL, EXIT_STATUS } from '../../state/layout.ts';
import { descriptorFor, isStackSegment, loadSegment } from '../../state/segment-load.ts';
import { type HelperContext, type HelperRow, helper } from './helper-row.ts';

/** What `segment-query` asks. */
export const SegmentQuery = { Rights: 0, Limit: 1, Readable: 2, Writable: 3 } as const;

const NESTED_TASK = 0x4000;

// The vector is in the upper half, and the selector is the error code; the privilege level is not in it, so that null ones give zero.
function refuse(memory: GuestMemory, cpu: CpuState, selector: number, vector: number = Vector.GeneralProtection): number {
  memory.i32[(cpu.state + EXIT_DETAIL) >>> 2] = (vector << 16) | (selector & 0xfffc);
  return ExitStatus.SelectorFault;
}

function unsupported(memory: GuestMemory, cpu: CpuState, what: number): number {
  memory.i32[(cpu.state + EXIT_DETAIL) >>> 2] = what;
  return ExitStatus.Unsupported;
}

function load({ memory, cpu }: HelperContext, selector: number, register: number): number {
  const outcome = loadSegment(cpu, register, selector);
  if (outcome === 'refused') return refuse(memory, cpu, selector);
  if (outcome === 'absent') return refuse(memory, cpu, selector, register === Segment.ss ? Vector.StackFault : Vector.SegmentNotPresent);
  return outcome === 'unsupported' ? unsupported(memory, cpu, MissingSegment.DataWithBase) : 0;
}

export const segmentHelpers: readonly HelperRow[] = [
  // Cells: selector, number of the segment register.
  helper('segment-load', (context, selector, register) => load(context, context.memory.u16[selector >>> 1], context.memory.i32[register >>> 2])),
  // Cells: selector that SS is going to get. IRET looks at it before it looks at the target.
  helper('stack-check', ({ memory, cpu }, cell) => {
    const selector = memory.u16[cell >>> 1];
    const found = descriptorFor(cpu, selector);
    return found !== undefined && isStackSegment(found, selector) ? 0 : refuse(memory, cpu, selector);
  }),
  // Cells: selector, offset, 1 for a return: it demands privilege level 3, where calls and jumps put it in themselves. The 32-bit
  // segment cuts the offset off.
  helper('code-check', ({ memory, cpu }, selectorCell, offset, isReturn) => {
    const selector = memory.u16[selectorCell >>> 1];
    const found = descriptorFor(cpu, selector);
    if (found?.isCode !== true || (memory.i32[isReturn >>> 2] !== 0 && (selector & 3) !== 3)) return refuse(memory, cpu, selector);
    if ((selector & LOCAL_TABLE) !== 0) return unsupported(memory, cpu, MissingSegment.LocalCode);
    if ((selector | 3) === CODE_32) memory.i32[(offset >>> 2) + 1] = 0;
    return 0;
  }),
  // Cells: condition, address, two bytes to store.
  helper('store-word-if', ({ memory, cpu, access }, condition, address, value) => {
    if (memory.i32[condition >>> 2] === 0) return 0;
    const host = access.slowWrite(memory.i32[address >>> 2], memory.i32[(address >>> 2) + 1], 2);
    if (host === 0) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
    memory.u8.copyWithin(host, value, value + 2);
    access.commitIfCrossing(host);
    return 0;
  }),
  // IRET with NT set would be a task switch, which long mode does not have (SDM vol. 2, IRET).
  helper('task-check', ({ cpu }) => ((cpu.flags & NESTED_TASK) !== 0 ? ExitStatus.GeneralProtection : 0)),
  // Cells: question, selector, answer, whether there is one.
  helper('segment-query', ({ memory, cpu }, question, selector, answer, valid) => {
    const found = descriptorFor(cpu, memory.u16[selector >>> 1]);
    const asked = memory.i32[question >>> 2];
    const isForbidden = asked === SegmentQuery.Readable && found?.isReadable === false;
    const isValid = found !== undefined && !isForbidden && (asked !== SegmentQuery.Writable || found.isWritable);
    memory.u32[answer >>> 2] = found === undefined ? 0 : asked === SegmentQuery.Limit ? found.limit : found.rights;
    memory.u32[(answer >>> 2) + 1] = 0;
    memory.u32[valid >>> 2] = isValid ? 1 : 0;
    memory.u32[(valid >>> 2) + 1] = 0;
    return 0;
  }),
];
