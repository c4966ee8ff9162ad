// Runs cases on our CPU, from the same records the hardware recorder reads.
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { type Cpu, createCpu } from '../cpu.ts';
import type { CpuExit } from '../cpu-exit.ts';
import { FXSAVE, GPR, MXCSR, VECTOR } from '../state/layout.ts';
import type { Batch } from './batch.ts';
import * as layout from './recorder-layout.ts';

const INT3 = 0xcc;
const PAGE = 4096;
const STRAIGHT_LINE_BUDGET = 64;

/** Our CPU over the regions of the recorder. */
export class Subject {
  readonly cpu: Cpu;
  readonly memory = new GuestMemory();
  private readonly space = new AddressSpace(this.memory);
  private readonly codeFrames: number[];
  /** Host offsets of the two data pages and the stack page, one per page of the image. */
  readonly imageFrames: number[];
  private readonly codePages: number[] = [];

  constructor() {
    this.cpu = createCpu(this.memory);
    const readWrite = Protection.Read | Protection.Write;
    const fixed = { fixed: 'replace' as const };
    this.space.map({
      ...fixed,
      address: layout.CODE_BASE,
      length: layout.CODE_BYTES,
      protection: Protection.Read | Protection.Execute | Protection.Write,
    });
    this.space.map({ ...fixed, address: layout.DATA_BASE, length: layout.DATA_BYTES, protection: readWrite });
    this.space.map({ ...fixed, address: layout.STACK_BASE, length: layout.STACK_BYTES, protection: readWrite });
    this.codeFrames = this.touch(layout.CODE_BASE, layout.CODE_BYTES);
    this.imageFrames = [
      ...this.touch(layout.DATA_BASE, layout.DATA_BYTES),
      ...this.touch(layout.STACK_BASE, layout.STACK_BYTES),
    ];
    this.space.protect(layout.CODE_BASE, layout.CODE_BYTES, Protection.Read | Protection.Execute);
    for (let page = 0; page < layout.CODE_BYTES; page += PAGE) this.codePages.push(layout.CODE_BASE + page);
    this.cpu.attach(this.space);
  }

  /** Writes the code of all cases of a batch and its pages; drops what was translated for the batch before. */
  load(batch: Batch): void {
    const { u8 } = this.memory;
    // A change of protection is the way an address space tells its CPUs that code pages are new.
    this.space.protect(layout.CODE_BASE, layout.CODE_BYTES, Protection.Read);
    this.space.protect(layout.CODE_BASE, layout.CODE_BYTES, Protection.Read | Protection.Execute);
    for (const frame of this.codeFrames) u8.fill(INT3, frame, frame + PAGE);
    for (let index = 0; index < batch.count; index += 1) {
      const at = batch.offsetOf(index);
      const code = batch.bytes.readUInt32LE(at + layout.CASE_OFFSET_AT);
      const start = at + layout.CASE_CODE_AT;
      this.writeCode(code, batch.bytes.subarray(start, start + batch.bytes[at + layout.CASE_LENGTH_AT]));
      this.eachPatch(batch, at, (address, bytes) => {
        if (address >= layout.CODE_BASE && address < layout.CODE_BASE + layout.CODE_BYTES)
          this.writeCode(address - layout.CODE_BASE, bytes);
      });
    }
    this.restoreImage(batch);
  }

  /** Puts the data pages and the stack page back as the batch has them. */
  restoreImage(batch: Batch): void {
    const { image } = batch;
    for (let page = 0; page < this.imageFrames.length; page += 1) {
      this.memory.u8.set(image.subarray(page * PAGE, (page + 1) * PAGE), this.imageFrames[page]);
    }
  }

  /**
   * Runs one case of the loaded batch up to the end of its code or the first event; the state is then in `cpu`.
   * @param moreFlags flags of RFLAGS that are set besides those of the case
   */
  run(batch: Batch, index: number, moreFlags = 0): CpuExit {
    const { cpu, memory } = this;
    const at = batch.offsetOf(index);
    const { bytes } = batch;
    const { state } = cpu;
    const { u8 } = memory;
    u8.set(bytes.subarray(at + layout.GPR_AT, at + layout.GPR_AT + 128), state + GPR);
    u8.set(bytes.subarray(at + layout.YMM_AT, at + layout.YMM_AT + layout.YMM_BYTES), state + VECTOR);
    u8.set(bytes.subarray(at + layout.X87_AT, at + layout.X87_AT + 24), state + FXSAVE);
    // The recorder's image starts with ST(0), our state with the physical register R0.
    const top = (bytes[at + layout.X87_AT + 3] >> 3) & 7;
    for (let register = 0; register < 8; register += 1) {
      const start = at + layout.X87_STACK_AT + 16 * register;
      u8.set(bytes.subarray(start, start + 16), state + FXSAVE + 32 + 16 * ((register + top) & 7));
    }
    u8.set(bytes.subarray(at + layout.MXCSR_AT, at + layout.MXCSR_AT + 4), state + MXCSR);
    cpu.flags = (bytes.readUInt32LE(at + layout.FLAGS_AT) & 0x4_0cd5) | moreFlags;
    const isProtected = (bytes[at + layout.CASE_MODE_AT] & layout.MODE_PROTECTED) !== 0;
    cpu.mode = isProtected ? 32 : 64;
    // The recorder makes FS and GS usable.
    if (isProtected) for (const segment of [4, 5]) cpu.setSelector(segment, 0x2b);
    layout.THREAD_BASES.forEach((base, number) => {
      cpu.setThreadDescriptor(number, base);
    });
    cpu.fsBase = bytes.readBigUInt64LE(at + layout.FS_BASE_AT);
    cpu.gsBase = bytes.readBigUInt64LE(at + layout.GS_BASE_AT);
    this.eachPatch(batch, at, (address, patch) => {
      for (let k = 0; k < patch.length; k += 1) {
        const host = this.imageHostOffset(address + k);
        if (host >= 0) u8[host] = patch[k];
      }
    });
    cpu.rip = layout.CODE_BASE + bytes.readUInt32LE(at + layout.CASE_OFFSET_AT);
    // A block of one branch fits a budget of one and its target does not; everything else runs into the int3 behind it.
    return cpu.run(bytes[at + layout.CASE_MODE_AT] & layout.MODE_SINGLE_STEP ? 1 : STRAIGHT_LINE_BUDGET);
  }

  /** Host offset of a guest address in the data or stack pages, or -1. */
  imageHostOffset(address: number): number {
    const data = address - layout.DATA_BASE;
    if (data >= 0 && data < layout.DATA_BYTES) return this.imageFrames[data >>> 12] + (data & 0xfff);
    const stack = address - layout.STACK_BASE;
    return stack >= 0 && stack < layout.STACK_BYTES ? this.imageFrames[2] + stack : -1;
  }

  private writeCode(offset: number, bytes: Uint8Array): void {
    for (let k = 0; k < bytes.length; k += 1) {
      const at = offset + k;
      if (at < layout.CODE_BYTES) this.memory.u8[this.codeFrames[at >>> 12] + (at & 0xfff)] = bytes[k];
    }
  }

  private eachPatch(batch: Batch, at: number, visit: (address: number, bytes: Uint8Array) => void): void {
    const count = batch.bytes.readUInt16LE(at + layout.CASE_PATCHES_AT);
    for (let patch = 0; patch < count; patch += 1) {
      const start = at + layout.CASE_PATCH_AT + patch * layout.PATCH_BYTES;
      const length = batch.bytes.readUInt32LE(start + 4);
      visit(batch.bytes.readUInt32LE(start), batch.bytes.subarray(start + 8, start + 8 + length));
    }
  }

  private touch(address: number, length: number): number[] {
    const frames: number[] = [];
    for (let page = address; page < address + length; page += PAGE) frames.push(this.space.resolve(page, 1));
    return frames;
  }
}
