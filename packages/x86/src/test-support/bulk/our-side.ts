// Our CPU's side of the bulk judge: the same regions, the same loops, and for what they raise the same steps as native/bulk-runner.c.
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { type Cpu, createCpu } from '../../cpu.ts';
import type { CpuExit } from '../../cpu-exit.ts';
import { GPR } from '../../state/layout.ts';
import { CODE_BASE, DATA_BASE, DATA_BYTES, IMAGE_BYTES, STACK_BASE, STACK_BYTES } from '../recorder-layout.ts';
import type { BulkBatch } from './bulk-batch.ts';
import * as layout from './layout.ts';
import type { BulkResult } from './native-side.ts';

const PAGE = 4096;
/** Far more than the longest loop takes: what uses it up does not end. */
const BUDGET = 50_000_000;
const FACTOR = 0x9e37_79b1;
const KERNEL_HALF = 2 ** 63;

/** A region of guest memory and where its pages are. */
interface Region {
  readonly address: number;
  readonly length: number;
  readonly frames: readonly number[];
}

/** Runs batches on our CPU. */
export class OurSide {
  private readonly cpu: Cpu;
  /** Guest instructions that ran. */
  instructions = 0;
  private readonly memory = new GuestMemory();
  private readonly space = new AddressSpace(this.memory);
  private readonly code: Region;
  private readonly harness: Region;
  private readonly state: Region;
  private readonly pools: Region;
  private readonly image: readonly Region[];
  private readonly loaded = Buffer.alloc(layout.HARNESS_BYTES);

  constructor() {
    this.cpu = createCpu(this.memory);
    const data = Protection.Read | Protection.Write;
    this.code = this.map(CODE_BASE, layout.CODE_SENT_BYTES, Protection.Execute | data);
    this.harness = this.map(layout.HARNESS_BASE, layout.HARNESS_BYTES, Protection.Execute | data);
    this.state = this.map(layout.STATE_BASE, layout.STATE_PAGE_BYTES, data);
    this.pools = this.map(layout.POOLS_BASE, layout.POOLS_BYTES, data);
    this.image = [this.map(DATA_BASE, DATA_BYTES, data), this.map(STACK_BASE, STACK_BYTES, data)];
    this.cpu.attach(this.space);
  }

  /** Runs a batch; the answer is what the native runner would say. */
  run(batch: BulkBatch, dump = false): BulkResult {
    this.putCode(this.code, batch.code);
    if (!this.loaded.equals(batch.harness)) {
      this.putCode(this.harness, batch.harness);
      this.loaded.set(batch.harness);
    }
    this.put(this.pools, batch.pools);
    const count = batch.instances.length;
    const results = Buffer.alloc(count * layout.RESULT_BYTES);
    const dumps = Buffer.alloc(dump ? count * (layout.STATE_PAGE_BYTES + IMAGE_BYTES) : 0);
    const before = this.cpu.instructionsRetired;
    for (let index = 0; index < count; index += 1) {
      this.put(this.image[0], batch.image);
      this.put(this.image[1], batch.image.subarray(DATA_BYTES));
      this.put(this.state, batch.statePage);
      const result = results.subarray(index * layout.RESULT_BYTES, (index + 1) * layout.RESULT_BYTES);
      this.runInstance(batch, index, result);
      this.get(this.state, layout.HASH_AT, result, 0, 32);
      this.get(this.state, layout.LEFT_AT, result, layout.RESULT_LEFT_AT, 4);
      if (!dump) continue;
      let at = index * (layout.STATE_PAGE_BYTES + IMAGE_BYTES);
      for (const region of [this.state, ...this.image]) {
        this.get(region, 0, dumps, at, region.length);
        at += region.length;
      }
    }
    this.instructions += this.cpu.instructionsRetired - before;
    return { results, dumps };
  }

  private runInstance(batch: BulkBatch, index: number, result: Buffer): void {
    const { cpu } = this;
    const record = batch.record(index);
    this.memory.u8.set(record, this.state.frames[0]);
    this.memory.u8.fill(0, cpu.state + GPR, cpu.state + GPR + 128);
    cpu.mode = batch.mode;
    if (batch.mode === 32) for (const segment of [4, 5]) cpu.setSelector(segment, 0x2b);
    cpu.fsBase = record.readBigUInt64LE(layout.FS_BASE_AT);
    cpu.gsBase = record.readBigUInt64LE(layout.GS_BASE_AT);
    cpu.flags = 0x202;
    cpu.rip = record.readUInt32LE(layout.ENTRY_AT);
    const end = record.readUInt32LE(layout.END_AT);
    for (;;) {
      const exit = cpu.run(BUDGET);
      if (exit.kind === 'exception' && exit.vector === 3 && cpu.rip === end) return;
      if (exit.kind === 'budget') {
        result.writeUInt32LE(layout.STATUS_DOES_NOT_END, layout.RESULT_STATUS_AT);
        return;
      }
      if (!this.recordFault(exit, result)) return;
      const isLast = result.readUInt32LE(layout.RESULT_FAULTS_AT) >= layout.FAULT_LIMIT;
      cpu.rip = record.readUInt32LE(isLast ? layout.CLOSE_AT : layout.RESUME_AT);
    }
  }

  // False for a fault of the loop itself, which nobody expects.
  private recordFault(exit: CpuExit, result: Buffer): boolean {
    const { rip } = this.cpu;
    const { vector, access, address } = eventOf(exit);
    result.writeUInt32LE(vector, layout.RESULT_VECTOR_AT);
    result.writeUInt32LE(access, layout.RESULT_ACCESS_AT);
    writeAddress(result, layout.RESULT_ADDRESS_AT, address);
    writeAddress(result, layout.RESULT_RIP_AT, rip);
    result.writeUInt32LE(result.readUInt32LE(layout.RESULT_FAULTS_AT) + 1, layout.RESULT_FAULTS_AT);
    let hash = result.readInt32LE(layout.RESULT_FAULT_HASH_AT);
    const words = [this.memory.i32[(this.state.frames[0] + layout.LEFT_AT) >>> 2], vector, access];
    for (const at of [layout.RESULT_ADDRESS_AT, layout.RESULT_RIP_AT])
      words.push(result.readInt32LE(at), result.readInt32LE(at + 4));
    for (const word of words) hash = fold(hash, word);
    result.writeInt32LE(hash, layout.RESULT_FAULT_HASH_AT);
    if (rip < layout.HARNESS_BASE || rip >= layout.HARNESS_BASE + layout.HARNESS_BYTES) return true;
    result.writeUInt32LE(layout.STATUS_HARNESS_FAULT, layout.RESULT_STATUS_AT);
    return false;
  }

  private map(address: number, length: number, protection: number): Region {
    this.space.map({ fixed: 'replace', address, length, protection });
    const frames: number[] = [];
    for (let page = address; page < address + length; page += PAGE) frames.push(this.space.resolve(page, 1));
    return { address, length, frames };
  }

  // A change of protection is the way an address space tells its CPUs that code pages are new.
  private putCode(region: Region, bytes: Buffer): void {
    this.space.protect(region.address, region.length, Protection.Read);
    this.put(region, bytes);
    this.space.protect(region.address, region.length, Protection.Read | Protection.Execute);
  }

  private put({ frames }: Region, bytes: Buffer): void {
    frames.forEach((frame, page) => {
      this.memory.u8.set(bytes.subarray(page * PAGE, (page + 1) * PAGE), frame);
    });
  }

  private get({ frames }: Region, offset: number, target: Buffer, at: number, length: number): void {
    for (let done = 0; done < length; ) {
      const from = offset + done;
      const part = Math.min(length - done, PAGE - (from % PAGE));
      const host = frames[Math.floor(from / PAGE)] + (from % PAGE);
      target.set(this.memory.u8.subarray(host, host + part), at + done);
      done += part;
    }
  }
}

/** One step of the hash of faults. */
function fold(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, FACTOR);
  return (product << 13) | (product >>> 19);
}

function eventOf(exit: CpuExit): { vector: number; access: number; address: number } {
  switch (exit.kind) {
    case 'fault':
      return { vector: 14, access: exit.access, address: exit.address };
    case 'exception':
      return { vector: exit.vector, access: exit.vector === 13 ? (exit.errorCode ?? 0) : 0, address: 0 };
    case 'unsupported':
      return { vector: 6, access: 0, address: 0 };
    default:
      return { vector: 0xff, access: 0, address: 0 };
  }
}

function writeAddress(target: Buffer, at: number, address: number): void {
  target.writeBigUInt64LE(address >= KERNEL_HALF ? 0xffff_ffff_ffff_ffffn : BigInt(address), at);
}
