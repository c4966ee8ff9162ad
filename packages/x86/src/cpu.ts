// The CPU: architectural state, the run loop around the generated engine, and the translation of exits into values.
import {
  Access,
  type AddressSpace,
  type FaultCause,
  GUEST_PAGE_BYTES,
  GUEST_PAGE_OFFSET_MASK,
  type GuestMemory,
  Tlb,
} from '@elf/mm';
import { type CpuExit, interruptExit, Vector } from './cpu-exit.ts';
import type { CpuOptions } from './cpu-options.ts';
import { Decoder } from './decode/decoder.ts';
import { createInstruction } from './decode/instruction.ts';
import { buildOpcodeMap } from './decode/opcode-map.ts';
import { OutsideModel } from './decode/outside-model.ts';
import { type Block, instructionAt } from './engine/block.ts';
import { BlockCopies } from './engine/block-copies.ts';
import { Breakpoints } from './engine/breakpoints.ts';
import { CodeCache, LOOKUP_ENTRIES } from './engine/code-cache.ts';
import { CodeFetcher } from './engine/code-fetcher.ts';
import { ExitStatus, MISSING_SEGMENTS, VECTOR_OF_STATUS } from './engine/exit-status.ts';
import { CANONICAL_LIMIT, GuestAccess } from './engine/guest-access.ts';
import type { InterpreterImports, RunFunction } from './engine/interpreter.ts';
import { interpreterModule } from './engine/interpreter-module.ts';
import { raiseOfAllLanes } from './engine/lane-exceptions.ts';
import { beginRound, holdsTrapBack } from './engine/traced-step.ts';
import { instructionFamilies } from './isa/index.ts';
import { BlockBuilder, BREAKPOINT, type Obstacle } from './lift/block-builder.ts';
import { Lifter } from './lift/lifter.ts';
import { UopStream, uopFacts } from './lift/uop-stream.ts';
import { CpuState } from './state/cpu-state.ts';
import { AC, TF } from './state/flags.ts';
import { type CpuModel, cpuModelOf, enabledComponents } from './state/models/cpu-model.ts';
import { type ProcessorIdentity, processorIdentity } from './state/models/linux-capabilities.ts';
import {
  BUDGET,
  EXIT_DETAIL,
  EXIT_PC,
  FAULT_ACCESS,
  FAULT_CAUSE,
  GPR,
  OTHER_FLAGS,
  STATE_BYTES,
} from './state/layout.ts';
import { loadStateImage, type StateBlock, stateImage } from './uop/helpers/extended-state.ts';
import { pseudoRandom } from './uop/helpers/pseudo-random.ts';
import { increasing } from './uop/helpers/increasing.ts';
import { createHelpers } from './uop/helpers/index.ts';
import { buildUopTable } from './uop/index.ts';

/** One x86-64 CPU over a guest memory. State accessors come from `CpuState`. */
export class Cpu extends CpuState {
  /** The processor that this is. */
  readonly model: CpuModel;
  private readonly outside: OutsideModel;
  private readonly tlb: Tlb;
  private readonly code: CodeCache;
  private readonly copies: BlockCopies;
  private readonly access: GuestAccess;
  private readonly builder: BlockBuilder;
  private readonly runMicroOps: RunFunction;
  private readonly fetcher: CodeFetcher;
  private readonly breakpoints = new Breakpoints();
  private readonly unsubscribe = new WeakMap<AddressSpace, () => void>();
  private readonly decoders: Partial<Record<32 | 64, Decoder>>;
  private activeMode: 32 | 64 = 64;
  private retired = 0;

  constructor(memory: GuestMemory, options: CpuOptions = {}) {
    super(memory, memory.reserveRegion(STATE_BYTES, 64));
    this.tlb = new Tlb(memory);
    this.code = new CodeCache(memory);
    this.copies = new BlockCopies(memory, this.code);
    this.access = new GuestAccess(memory, this.tlb, this.state);
    this.fetcher = new CodeFetcher(memory, this.access);
    const table = buildUopTable();
    const instruction = createInstruction();
    const stream = new UopStream(uopFacts(table));
    const lifter = new Lifter(table, stream, instruction, this.state);
    this.model = cpuModelOf(options.model);
    this.outside = new OutsideModel(this.model.features);
    const decoder = new Decoder(options.opcodeMap ?? buildOpcodeMap(instructionFamilies, 64, this.model.features));
    this.decoders = { 64: decoder };
    this.builder = new BlockBuilder(decoder, instruction, stream, lifter, table, {
      memory,
      window: (address) => this.fetcher.fetch(address),
      hostOffsetOf: (address) => this.fetcher.hostOffsetOf(address),
      allocate: (length) => this.code.allocate(length),
      pageOf: (address) => Math.floor(address / GUEST_PAGE_BYTES) * GUEST_PAGE_BYTES,
      stopsAt: (address) => this.breakpoints.has(address),
      onTranslated: options.onTranslated,
    });
    const { model, access, state, code, tlb } = this;
    const { random = pseudoRandom(), timeStamp: ticks = () => BigInt(this.instructionsRetired) } = options;
    const helper = createHelpers({ memory, cpu: this, access, timeStamp: increasing(ticks), model, random });
    const placement = { state, tlb: tlb.hostOffset, lookup: code.lookup, lookupEntries: LOOKUP_ENTRIES };
    const { slowRead, slowWrite, commitCrossing } = access;
    const ports: InterpreterImports = { slowRead, slowWrite, commitCrossing, helper };
    const module = interpreterModule(table, placement);
    const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.memory, ...ports } });
    this.runMicroOps = exports.run as RunFunction;
    this.resetState(options.mode);
  }

  /** Instructions completed since the CPU was made. Exact at block granularity; a fault inside a block is corrected for. */
  get instructionsRetired(): number {
    return this.retired;
  }
  /** Blocks translated and still valid in the current address space: for statistics. */
  get translatedBlocks(): number {
    return this.code.blockCount;
  }

  /** Makes `space` the current address space. */
  attach(space: AddressSpace): void {
    if (this.access.space === space) return;
    if (this.access.space !== undefined) this.access.space.detachTlb(this.tlb);
    this.access.space = this.currentSpace = space;
    this.code.attach(space);
    this.breakpoints.attach(space);
    this.tlb.flush();
    space.attachTlb(this.tlb);
    // The listener stays while the space lives: its code may change while another space is current.
    if (this.unsubscribe.has(space)) return;
    const stop = space.onCodeChange((page) => this.code.dropPage(page, space));
    this.unsubscribe.set(space, stop);
  }

  /** Runs guest code until something needs attention or `budgetInInstructions` are used up (checked at block entries). */
  run(budgetInInstructions: number): CpuExit {
    if (this.access.space === undefined)
      throw new TypeError('no address space is attached: call attach() before run()');
    const budgetWord = (this.state + BUDGET) >>> 2;
    this.memory.i32[budgetWord] = budgetInInstructions;
    this.enterMode();
    let left = budgetInInstructions;
    let entry = 0;
    let exit: CpuExit | undefined;
    while (exit === undefined) {
      if (entry === 0) {
        if (this.memory.i32[(this.state + OTHER_FLAGS) >>> 2] & (TF | AC)) {
          exit = left > 0 ? this.stepSlowly() : { kind: 'budget' };
          left = this.memory.i32[budgetWord];
          continue;
        }
        entry = this.blockAt(this.rip)?.entry ?? 0;
        if (entry === 0) return this.obstacleExit;
      }
      const status = this.runMicroOps(entry);
      entry = 0;
      // A frame may have been allocated in a helper, which replaces the views.
      this.retired += left - this.memory.i32[budgetWord];
      if (status === ExitStatus.Link) entry = this.followLink();
      else if (status === ExitStatus.Lookup) entry = this.followLookup();
      else exit = this.translateExit(status as ExitStatus);
      left = this.memory.i32[budgetWord];
    }
    return exit;
  }

  /** Makes `run` return before the instructions at these addresses of a space, in place of those named before. */
  setBreakpoints(space: AddressSpace, addresses: ReadonlySet<number>): void {
    for (const address of this.breakpoints.replace(space, addresses, space === this.access.space))
      this.code.dropPage(address - (address % GUEST_PAGE_BYTES), space);
  }

  /** Executes one instruction, or one round of a repeated one, breakpoint or not; `budget` says that it is done. */
  step(): CpuExit {
    this.enterMode();
    return this.stepSlowly(true) ?? { kind: 'budget' };
  }

  // The selector in CS chooses decoder and blocks. In 32-bit mode the upper halves of registers are zero, so that addresses need no
  // cutting: a switch leaves them undefined (SDM vol. 1, section 3.4.1.1), and others may have set a negative result in 64 bits.
  private enterMode(): void {
    const { mode } = this;
    if (mode !== this.activeMode) {
      this.activeMode = mode;
      this.decoders[mode] ??= new Decoder(buildOpcodeMap(instructionFamilies, mode, this.model.features), mode);
      this.builder.decoder = this.decoders[mode];
      this.code.switchMode(mode);
    }
    if (mode === 64) return;
    const { i32 } = this.memory;
    for (let register = 0; register < 8; register += 1) i32[((this.state + GPR + 8 * register) >>> 2) + 1] = 0;
  }

  /** x87, SSE and AVX state as XSAVE's standard format has it; FXSAVE's 512 bytes on a model without XSAVE. */
  extendedState(): Uint8Array {
    return stateImage(this.extendedBlock, enabledComponents(this.model));
  }
  /**
   * Takes such an image back. What it lacks, all without an image, gets its initial state.
   * @param components bits of XCR0 to take from the image; all by default
   * @returns false, and nothing has changed, for an image that XRSTOR answers with #GP
   */
  setExtendedState(image: Uint8Array | undefined, components = -1): boolean {
    return loadStateImage(this.extendedBlock, enabledComponents(this.model), image, components);
  }
  private get extendedBlock(): StateBlock {
    return { memory: this.memory, state: this.state, registers: 16 };
  }
  /** As /proc/cpuinfo tells it. */
  get processor(): ProcessorIdentity {
    return processorIdentity(this.model);
  }

  private obstacleExit: CpuExit = { kind: 'budget' };
  // The block at an address, translated now if need be; undefined with `obstacleExit` set when there is none.
  private blockAt(address: number): Block | undefined {
    const known = this.code.find(address);
    if (known !== undefined) return known;
    const code = this.activeMode === 64 && this.breakpoints.isEmpty ? this.fetcher.hostOffsetOf(address) : -1;
    const built = this.breakpoints.has(address)
      ? BREAKPOINT
      : (this.copies.copy(address, code) ?? this.copies.keep(this.builder.build(address), code));
    if ('kind' in built) {
      this.obstacleExit = this.exitForObstacle(built, address);
      return undefined;
    }
    this.code.add(built);
    for (const page of built.pages) (this.access.space as AddressSpace).markCode(page);
    return built;
  }

  // EXIT_PC is the jump whose slot is empty, EXIT_DETAIL says which of its slots, RIP is the target.
  private followLink(): number {
    const { i32 } = this.memory;
    const slot = (i32[(this.state + EXIT_PC) >>> 2] >>> 0) + 4 + 4 * i32[(this.state + EXIT_DETAIL) >>> 2];
    const generation = this.code.generation;
    const block = this.blockAt(this.rip);
    if (block === undefined) return 0;
    if (generation === this.code.generation) this.code.link(slot, block);
    return block.entry;
  }
  private followLookup(): number {
    const block = this.blockAt(this.rip);
    if (block !== undefined) this.code.publish(block);
    return block?.entry ?? 0;
  }

  private translateExit(status: ExitStatus): CpuExit | undefined {
    const { i32 } = this.memory;
    const detail = i32[(this.state + EXIT_DETAIL) >>> 2];
    switch (status) {
      case ExitStatus.Budget:
        this.rip = this.code.containing(i32[(this.state + EXIT_PC) >>> 2] >>> 0).address;
        return { kind: 'budget' };
      case ExitStatus.SystemCall:
        return detail === 0 ? { kind: 'system-call' } : { kind: 'system-call', entry: 'sysenter' };
      case ExitStatus.Interrupt:
        return interruptExit(detail);
      case ExitStatus.Breakpoint:
        return { kind: 'exception', vector: Vector.Breakpoint };
      case ExitStatus.Exception:
        // INT1 and INTO are traps: RIP is after them.
        if (detail === Vector.Debug || detail === Vector.Overflow) return { kind: 'exception', vector: detail };
        break;
      case ExitStatus.FarTransfer:
        this.enterMode();
        return undefined;
      case ExitStatus.Untranslated:
        return undefined;
      default:
    }
    this.rewind(status === ExitStatus.Completed ? 1 : 0);
    switch (status) {
      case ExitStatus.Fault:
        return {
          kind: 'fault',
          address: this.faultAddress,
          access: this.reportedAccess(i32[(this.state + FAULT_ACCESS) >>> 2] as Access),
          cause: i32[(this.state + FAULT_CAUSE) >>> 2] as FaultCause,
        };
      case ExitStatus.CodeWrite:
        return this.stepAlone();
      case ExitStatus.Completed:
        this.rip = this.faultAddress;
        return undefined;
      case ExitStatus.Unsupported:
        return { ...this.unsupported(this.rip, 0), mnemonic: MISSING_SEGMENTS[detail] };
      case ExitStatus.NonCanonical:
        return { kind: 'exception', vector: this.builder.vectorOfAddress(this.rip, this.register(4)) };
      case ExitStatus.MisalignedArea:
        return { kind: 'exception', vector: this.access.vectorOfMisalignedArea };
      case ExitStatus.SelectorFault:
        return { kind: 'exception', vector: detail >>> 16, errorCode: detail & 0xffff };
      default: {
        const vector = VECTOR_OF_STATUS[status] ?? detail;
        if (vector === Vector.SimdFloatingPoint) this.raiseOfAllLanes();
        return { kind: 'exception', vector };
      }
    }
  }

  private raiseOfAllLanes(): void {
    const built = this.builder.build(this.rip, 1);
    const { vectorLength, candidate } = this.builder.instruction;
    // VCVTPS2PH, which may write memory, takes one step.
    if ('kind' in built || vectorLength === 0 || candidate.row.operands[0].kind.place !== 'vector') return;
    const { retired } = this;
    raiseOfAllLanes(this.memory, this.state, () => this.runTransient(built));
    this.retired = retired;
  }

  // A read-modify-write instruction reads to write: hardware reports its fault as a write.
  private reportedAccess(access: Access): Access {
    return access === Access.Read && this.builder.modifiesMemory(this.rip) ? Access.Write : access;
  }

  // RIP and the instruction count go back to the instruction that left in the middle of its block; the count to after it if it is done.
  private rewind(done: 0 | 1): void {
    const microOp = this.memory.i32[(this.state + EXIT_PC) >>> 2] >>> 0;
    const block = this.code.containing(microOp);
    const index = instructionAt(block, microOp);
    this.rip = block.address + block.distances[index];
    const left = block.instructionCount - index - done;
    this.retired -= left;
    this.memory.i32[(this.state + BUDGET) >>> 2] += left;
  }

  // While TF or AC is set, every instruction runs alone, from a block that is not kept. After one that began with TF set a #DB
  // follows (SDM vol. 3B, section 18.3.1.4); with AC set no access finds the TLB filled, so that each one can be checked.
  private stepSlowly(byRounds = false): CpuExit | undefined {
    const flags = this.memory.i32[(this.state + OTHER_FLAGS) >>> 2];
    const built = this.builder.build(this.rip, 1);
    if ('kind' in built) return this.exitForObstacle(built, this.rip);
    const endRound = flags & TF || byRounds ? beginRound(this, this.builder.instruction) : undefined;
    const { instruction } = this.builder;
    const traps = (flags & TF) !== 0 && !holdsTrapBack(instruction);
    this.access.checksAlignment = (flags & AC) !== 0 && !instruction.candidate.ignoresAlignment;
    if (flags & AC) this.tlb.flush();
    const exit = this.runTransient(built);
    this.access.checksAlignment = false;
    endRound?.(exit === undefined);
    return exit ?? (traps ? { kind: 'exception', vector: Vector.Debug, isSingleStep: true } : undefined);
  }

  // A store hit a page with translated code. The instruction is run alone, from a block that is not kept, with the page
  // unmarked: so it sees its own old bytes once and everything after it sees the new ones (SDM vol. 3A, section 9.1.3).
  private stepAlone(): CpuExit | undefined {
    const built = this.builder.build(this.rip, 1);
    if ('kind' in built) return this.exitForObstacle(built, this.rip);
    const space = this.access.space as AddressSpace;
    const page = this.faultAddress - (this.faultAddress & GUEST_PAGE_OFFSET_MASK);
    this.code.dropPage(page);
    space.clearCode(page);
    this.access.allowCodeWrites = true;
    const exit = this.runTransient(built);
    this.access.allowCodeWrites = false;
    return exit;
  }

  // Runs a block of one instruction; undefined when it is done and RIP is at the next one.
  private runTransient(block: Block): CpuExit | undefined {
    this.code.addTransient(block);
    const budgetWord = (this.state + BUDGET) >>> 2;
    const budget = this.memory.i32[budgetWord];
    // An indirect jump may find its target's block, which must not run: nothing is left for it.
    this.memory.i32[budgetWord] = 1;
    const status = this.runMicroOps(block.entry) as ExitStatus;
    this.memory.i32[budgetWord] = budget - 1;
    this.retired += 1;
    // The usual end: the jump to the next instruction has no link yet, and must not get one because the block is not kept.
    if (status === ExitStatus.Link || status === ExitStatus.Lookup) return undefined;
    const exit = this.translateExit(status);
    return status === ExitStatus.Budget ? undefined : exit;
  }

  private exitForObstacle(obstacle: Obstacle, address: number): CpuExit {
    // An address in the upper half is in the state block already, exact, which a number would not be.
    if (address < CANONICAL_LIMIT) this.rip = address;
    if (obstacle.kind === 'fetch') {
      const page = obstacle.address - (obstacle.address & GUEST_PAGE_OFFSET_MASK);
      const cause = -(this.access.space as AddressSpace).resolve(page, Access.Execute) as FaultCause;
      return { kind: 'fault', address: obstacle.address, access: Access.Execute, cause };
    }
    if (obstacle.kind === 'unknown') return this.unsupported(address, obstacle.lengthInBytes);
    return obstacle.kind === 'breakpoint' ? obstacle : { kind: 'exception', vector: Vector.GeneralProtection };
  }

  private unsupported(address: number, lengthInBytes: number): Extract<CpuExit, { kind: 'unsupported' }> {
    const { start, end, bytes: found } = this.fetcher.fetch(address);
    const bytes = found.slice(start, Math.min(end, start + Math.max(lengthInBytes, 8)));
    return { kind: 'unsupported', bytes, mnemonic: this.outside.name(bytes, this.activeMode) };
  }
}

/**
 * Makes a CPU over a guest memory, as execve leaves it: registers zero, interrupts on, x87 and MXCSR at their defaults.
 * @example
 * const cpu = createCpu(memory);
 * cpu.attach(space);
 * cpu.rip = 0x401000;
 * const exit = cpu.run(1_000_000); // { kind: 'system-call' } after the first SYSCALL
 */
export function createCpu(memory: GuestMemory, options: CpuOptions = {}): Cpu {
  return new Cpu(memory, options);
}
