// Loading a selector into a data segment register: what is checked and which base comes with it (SDM vol. 3A, section 5.6).
import type { CpuState } from './cpu-state.ts';
import { type Descriptor, descriptorOf, Segment } from './descriptors.ts';

/** What became of a load: done, #GP, #NP or #SS, or a descriptor that lies where this processor has no base to add. */
export type SegmentLoad = 'loaded' | 'refused' | 'absent' | 'unsupported';

const isNull = (selector: number): boolean => (selector & 0xfffc) === 0;

/** True for writable data of the own privilege level, all that SS takes. */
export const isStackSegment = (found: Descriptor, selector: number): boolean =>
  found.isWritable && (selector & 3) === 3;

/** The descriptor of a selector, as the thread on the processor has it. */
export function descriptorFor(cpu: CpuState, selector: number): Descriptor | undefined {
  return descriptorOf(selector, (index) => cpu.threadDescriptor(index), cpu.localDescriptors);
}

/** SS takes writable data of the own privilege level alone; the others take null and everything readable. */
export function loadSegment(cpu: CpuState, register: number, selector: number): SegmentLoad {
  if (isNull(selector) && register !== Segment.ss) {
    cpu.setSelector(register, selector);
    setBase(cpu, register, 0);
    return 'loaded';
  }
  const found = descriptorFor(cpu, selector);
  if (found === undefined || !found.isReadable) return 'refused';
  if (register === Segment.ss && !isStackSegment(found, selector)) return 'refused';
  if (found.isAbsent) return 'absent';
  // Addresses take bases of FS and GS only: a data segment that lies elsewhere is refused in words, not run wrongly.
  if (register < Segment.fs && found.base !== 0 && cpu.mode === 32) return 'unsupported';
  cpu.setSelector(register, selector);
  setBase(cpu, register, found.base);
  return 'loaded';
}

function setBase(cpu: CpuState, register: number, base: number): void {
  if (register === Segment.fs) cpu.fsBase = BigInt(base);
  if (register === Segment.gs) cpu.gsBase = BigInt(base);
}
