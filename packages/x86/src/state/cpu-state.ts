// Accessors of the architectural state in the state block: registers, rip, flags, segment bases, save and restore.
import type { GuestMemory } from '@elf/mm';
import { CODE_32, CODE_64, DATA, Segment } from './descriptors.ts';
import { DF, lazyFromStatus, STATUS_FLAGS, statusFromLazy } from './flags.ts';
import {
  DIRECTION,
  FAULT_ADDRESS,
  FLAG_AUX,
  FLAG_RESULT,
  FS_BASE,
  FXSAVE,
  GPR,
  GS_BASE,
  MXCSR,
  OTHER_FLAGS,
  RIP,
  SELECTORS,
  STATE_BYTES,
  THREAD_DESCRIPTOR_COUNT,
  THREAD_DESCRIPTORS,
  TIME_STAMP_DISABLED,
  VECTOR,
  X87_CONTROL,
} from './layout.ts';
import { loadSegment } from './segment-load.ts';

/** RFLAGS bits that are always so in user mode: bit 1 and IF. */
const FIXED_FLAGS = 0x202;
/** TF, NT, RF, AC, ID: kept as they are. */
const OTHER_MASK = 0x100 | 0x4000 | 0x4_0000 | 0x20_0000;

/** The state block of one CPU. Values are read from guest memory each time; nothing is cached. */
export class CpuState {
  protected readonly memory: GuestMemory;
  /** Host offset of the state block. */
  readonly state: number;

  /** Words of local descriptor tables by the address space they belong to. */
  private readonly localTables = new WeakMap<object, Uint32Array>();
  /** The space that is current. */
  protected currentSpace: object | undefined;

  constructor(memory: GuestMemory, hostOffset: number) {
    this.memory = memory;
    this.state = hostOffset;
  }

  /** A general register, unsigned; 0..15 are rax rcx rdx rbx rsp rbp rsi rdi r8..r15. */
  register(index: number): bigint {
    return BigInt.asUintN(64, this.memory.i64[(this.state + GPR + 8 * index) >>> 3]);
  }
  setRegister(index: number, value: bigint): void {
    this.memory.i64[(this.state + GPR + 8 * index) >>> 3] = BigInt.asIntN(64, value);
  }
  /** Low and high 32 bits of a register, signed: the way without BigInt. */
  registerLow(index: number): number {
    return this.memory.i32[(this.state + GPR + 8 * index) >>> 2];
  }
  registerHigh(index: number): number {
    return this.memory.i32[((this.state + GPR + 8 * index) >>> 2) + 1];
  }
  setRegisterHalves(index: number, low: number, high: number): void {
    this.memory.i32[(this.state + GPR + 8 * index) >>> 2] = low;
    this.memory.i32[((this.state + GPR + 8 * index) >>> 2) + 1] = high;
  }

  /** Guest address of the next instruction. Addresses at or above 2^53 are rounded: such a rip only ever faults. */
  get rip(): number {
    const { u32 } = this.memory;
    return u32[((this.state + RIP) >>> 2) + 1] * 0x1_0000_0000 + u32[(this.state + RIP) >>> 2];
  }
  set rip(value: number) {
    const { u32 } = this.memory;
    u32[(this.state + RIP) >>> 2] = value % 0x1_0000_0000;
    u32[((this.state + RIP) >>> 2) + 1] = Math.floor(value / 0x1_0000_0000);
  }

  /** The address of the last access that failed. */
  protected get faultAddress(): number {
    const { u32 } = this.memory;
    return u32[(this.state + FAULT_ADDRESS + 4) >>> 2] * 0x1_0000_0000 + u32[(this.state + FAULT_ADDRESS) >>> 2];
  }

  /** RIP by halves, exact everywhere. */
  get ripHalves(): { readonly low: number; readonly high: number } {
    const word = (this.state + RIP) >>> 2;
    return { low: this.memory.i32[word], high: this.memory.i32[word + 1] };
  }

  /** RFLAGS. */
  get flags(): number {
    const { i32 } = this.memory;
    const result = (this.state + FLAG_RESULT) >>> 2;
    const aux = (this.state + FLAG_AUX) >>> 2;
    const status = statusFromLazy({
      resultLow: i32[result],
      resultHigh: i32[result + 1],
      auxLow: i32[aux],
      auxHigh: i32[aux + 1],
    });
    return (
      status | FIXED_FLAGS | (i32[(this.state + DIRECTION) >>> 2] ? DF : 0) | i32[(this.state + OTHER_FLAGS) >>> 2]
    );
  }
  set flags(value: number) {
    const { i32 } = this.memory;
    const lazy = lazyFromStatus(value & STATUS_FLAGS);
    const result = (this.state + FLAG_RESULT) >>> 2;
    const aux = (this.state + FLAG_AUX) >>> 2;
    i32[result] = lazy.resultLow;
    i32[result + 1] = lazy.resultHigh;
    i32[aux] = lazy.auxLow;
    i32[aux + 1] = lazy.auxHigh;
    i32[(this.state + DIRECTION) >>> 2] = value & DF ? 1 : 0;
    i32[(this.state + OTHER_FLAGS) >>> 2] = value & OTHER_MASK;
  }

  get fsBase(): bigint {
    return BigInt.asUintN(64, this.memory.i64[(this.state + FS_BASE) >>> 3]);
  }
  set fsBase(value: bigint) {
    this.memory.i64[(this.state + FS_BASE) >>> 3] = BigInt.asIntN(64, value);
  }
  get gsBase(): bigint {
    return BigInt.asUintN(64, this.memory.i64[(this.state + GS_BASE) >>> 3]);
  }
  set gsBase(value: bigint) {
    this.memory.i64[(this.state + GS_BASE) >>> 3] = BigInt.asIntN(64, value);
  }

  /** 64, or 32 while CS holds the selector of the 32-bit code segment. */
  get mode(): 32 | 64 {
    return this.selector(Segment.cs) === CODE_32 ? 32 : 64;
  }
  /** Loads the selectors that a program of that mode starts with (arch/x86/kernel/process_64.c, start_thread and compat_start_thread). */
  set mode(value: 32 | 64) {
    const data = value === 32 ? DATA : 0;
    this.setSelector(Segment.es, data);
    this.setSelector(Segment.cs, value === 32 ? CODE_32 : CODE_64);
    this.setSelector(Segment.ss, DATA);
    this.setSelector(Segment.ds, data);
    this.setSelector(Segment.fs, 0);
    this.setSelector(Segment.gs, 0);
  }
  /** The selector in a segment register: 0..5 are ES CS SS DS FS GS. */
  selector(index: number): number {
    return this.memory.u16[(this.state + SELECTORS + 8 * index) >>> 1];
  }
  /** Sets a selector alone: no check, and no base is loaded. */
  setSelector(index: number, value: number): void {
    this.memory.u16[(this.state + SELECTORS + 8 * index) >>> 1] = value;
  }
  /** Loads a segment register other than CS with its base, as MOV does; false where MOV raises #GP. */
  loadSelector(register: number, selector: number): boolean {
    return loadSegment(this, register, selector) === 'loaded';
  }
  /**
   * Fills a thread-local descriptor of the GDT, as set_thread_area(2) does; selectors 0x63, 0x6b and 0x73 name them.
   * @param base linear address of 32 bits, or undefined for an empty descriptor
   */
  setThreadDescriptor(index: number, base: number | undefined): void {
    if (index < 0 || index >= THREAD_DESCRIPTOR_COUNT)
      throw new RangeError(`there are ${THREAD_DESCRIPTOR_COUNT} thread descriptors, not one with number ${index}`);
    const word = (this.state + THREAD_DESCRIPTORS + 8 * index) >>> 2;
    this.memory.u32[word] = base ?? 0;
    this.memory.u32[word + 1] = base === undefined ? 0 : 1;
  }
  /** Base of a thread-local descriptor, undefined while it is empty. */
  threadDescriptor(index: number): number | undefined {
    const word = (this.state + THREAD_DESCRIPTORS + 8 * index) >>> 2;
    return this.memory.u32[word + 1] === 0 ? undefined : this.memory.u32[word];
  }

  /**
   * Gives an address space a local descriptor table: two words for each descriptor, as the processor reads them (SDM vol. 3A,
   * figure 3-8). Segment registers keep what they were loaded with.
   * @param words undefined for none
   */
  setLocalDescriptors(space: object, words: Uint32Array | undefined): void {
    if (words === undefined) this.localTables.delete(space);
    else this.localTables.set(space, words);
  }
  /** The table of the current address space. */
  get localDescriptors(): Uint32Array | undefined {
    return this.currentSpace && this.localTables.get(this.currentSpace);
  }

  /** RDTSC and RDTSCP raise #GP(0), as with CR4.TSD set (SDM vol. 3A, section 2.5). Part of a saved state. */
  get timeStampDisabled(): boolean {
    return this.memory.u32[(this.state + TIME_STAMP_DISABLED) >>> 2] !== 0;
  }
  set timeStampDisabled(value: boolean) {
    this.memory.u32[(this.state + TIME_STAMP_DISABLED) >>> 2] = value ? 1 : 0;
  }

  /** The 32 bytes of a vector register (xmm in the first 16), as a view that is void after the memory grows. */
  vectorRegister(index: number): Uint8Array {
    const start = this.state + VECTOR + 32 * index;
    return this.memory.u8.subarray(start, start + 32);
  }
  /**
   * x87 state and MXCSR as the state block holds them (512 bytes): FXSAVE's layout with the registers in physical order R0-R7,
   * which is stack order only while TOP is 0. A view that is void after the memory grows.
   */
  floatingPointImage(): Uint8Array {
    return this.memory.u8.subarray(this.state + FXSAVE, this.state + FXSAVE + 512);
  }

  get stateSizeInBytes(): number {
    return STATE_BYTES;
  }
  /** A copy of the whole state, for another thread, a fork or a signal frame. */
  saveState(): Uint8Array {
    return this.memory.u8.slice(this.state, this.state + STATE_BYTES);
  }
  restoreState(saved: Uint8Array): void {
    if (saved.length !== STATE_BYTES)
      throw new RangeError(`a saved state has ${STATE_BYTES} bytes, not ${saved.length}`);
    this.memory.u8.set(saved, this.state);
  }
  /** As execve leaves the CPU for a program of that mode: arch/x86/kernel/process_64.c start_thread and fpu__clear. */
  resetState(mode: 32 | 64 = 64): void {
    this.memory.u8.fill(0, this.state, this.state + STATE_BYTES);
    this.mode = mode;
    this.flags = FIXED_FLAGS;
    this.memory.u16[(this.state + X87_CONTROL) >>> 1] = 0x37f;
    this.memory.u32[(this.state + MXCSR) >>> 2] = 0x1f80;
    this.memory.u32[(this.state + MXCSR + 4) >>> 2] = 0xffff;
  }
}
