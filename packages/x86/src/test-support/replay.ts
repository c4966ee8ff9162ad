// Replays a native run on our CPU: same start image, kernel effects taken from the trace, everything else compared.
import { AddressSpace, type Backing, GuestMemory, Protection, sharedAnonymousBacking, UserMemory } from '@elf/mm';
import { type Cpu, createCpu } from '../cpu.ts';
import type { CpuExit } from '../cpu-exit.ts';
import { FIRST_THREAD_ENTRY, Segment } from '../state/descriptors.ts';
import { STATUS_FLAGS } from '../state/flags.ts';
import { GPR } from '../state/layout.ts';
import { cpuModelOf } from '../state/models/cpu-model.ts';
import { cpuidLeaf } from '../state/models/cpuid-leaves.ts';
import { flagText, REGISTER_NAMES } from './compare-case.ts';
import { compareVectors } from './compare-vectors.ts';
import { Tally } from './decode-comparison.ts';
import { BlockFinder, type TracedBlock } from './trace-blocks.ts';
import { type TraceRecord, TraceStream, XSAVE_BYTES } from './trace-stream.ts';

/** What was compared, and where the replay stopped. */
export interface ReplayResult {
  /** Instructions that agree. */
  readonly instructions: number;
  /** Places at which all general registers and the flags were compared. */
  readonly comparisons: number;
  readonly vectorComparisons: number;
  readonly pages: number;
  readonly systemCalls: number;
  readonly signals: number;
  /** How often a flag differed that the manual leaves undefined, by the instructions between the two comparisons that do so. */
  readonly undefinedFlags: Tally;
  /** How often the result of a transcendental x87 instruction was one unit in the last place off. */
  readonly neighbours: number;
  /** Why the trace ended. */
  readonly end?: string;
  /** Undefined when the whole trace agrees. */
  readonly difference?: { readonly what: readonly string[]; readonly path: readonly number[]; readonly mode: 32 | 64 };
}

const GROWS_DOWN = 0x200;
/** Room in which offsets of shared mappings lie. */
const LARGEST_SHARED_FILE = 2 ** 40;
const READ_WRITE = Protection.Read | Protection.Write;
/** Every so many blocks the vector registers are compared although the native ones have not changed. */
const VECTOR_INTERVAL = 64;
/** XSTATE_BV of the image: x87, SSE, AVX. */
const STATE_BITS_AT = 512;
const ALL_COMPONENTS = 7;
const HEADER_END = 576;
const SIGNALS_OF_INSTRUCTIONS: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  5: 'SIGTRAP',
  7: 'SIGBUS',
  8: 'SIGFPE',
  11: 'SIGSEGV',
};
const SET_THREAD_AREA = 243;
const REASONS = [
  'the program has ended',
  'the limit',
  'the program has started a thread',
  'the program has executed another',
];
/** One replay over a stream. */
export class Replay {
  readonly memory = new GuestMemory();
  private readonly model = cpuModelOf(undefined);
  readonly cpu: Cpu = createCpu(this.memory, {
    timeStamp: () => this.number(),
    random: () => this.number(),
  });
  private readonly space = new AddressSpace(this.memory, { minimumAddress: 0 });
  private readonly user = new UserMemory(this.space);
  private readonly finder = new BlockFinder();
  private readonly blocks = new Map<number, TracedBlock>();
  private readonly sharedFiles = new Map<number, Backing>();
  private readonly stream: TraceStream;
  private readonly counts = {
    instructions: 0,
    comparisons: 0,
    vectorComparisons: 0,
    pages: 0,
    systemCalls: 0,
    signals: 0,
    undefinedFlags: new Tally(),
    neighbours: 0,
  };
  // The stretch under way: what the native side has run since the last comparison.
  private readonly path: number[] = [];
  private pending = 0;
  private looseFlags = 0;
  private readonly loose = new Set<string>();
  private isTranscendental = false;
  private vectorsSeen = -1;
  private sinceVectors = 0;
  private end: string | undefined;

  /**
   * @param descriptor where the tracer writes
   * @param send how it is answered
   */
  constructor(descriptor: number, send: (bytes: Uint8Array) => void) {
    this.stream = new TraceStream(descriptor, {
      block: (address, code, mode, limit) => {
        const block = this.finder.find(address, code, mode, limit);
        this.blocks.set(address, block);
        return block.answer;
      },
      cpuid: (leaf, subleaf, mode) => cpuidLeaf(this.model, leaf, subleaf, mode),
      send,
    });
    this.cpu.attach(this.space);
  }

  /** Runs to the end of the trace or the first difference. */
  run(): ReplayResult {
    if (!this.kernelEffects()) throw new TypeError('the trace has no first state');
    for (;;) {
      const from = this.nativeRip;
      const record = this.next();
      if (record === undefined) break;
      if (record.kind !== 'block' && record.kind !== 'call' && record.kind !== 'signal')
        throw new TypeError(`the trace has a ${record.kind} where the program runs`);
      this.follow(from, record.instructions);
      if (record.kind === 'block' && record.isSoft) continue;
      const what =
        record.kind === 'block'
          ? this.runBlock()
          : record.kind === 'call'
            ? this.runCall()
            : this.runSignal(record.number);
      if (what.length > 0) return { ...this.counts, difference: { what, path: [...this.path], mode: this.cpu.mode } };
      this.counts.instructions += this.pending;
      if (record.kind !== 'block') {
        const different = this.comparePages();
        if (typeof different !== 'boolean')
          return { ...this.counts, difference: { what: different, path: [...this.path], mode: this.cpu.mode } };
        if (!different) break;
      }
      this.pending = 0;
      this.path.length = 0;
      this.looseFlags = 0;
      this.loose.clear();
      this.isTranscendental = false;
    }
    return { ...this.counts, end: this.end };
  }

  // The next record but the last one, which says why there is no other.
  private next(): TraceRecord | undefined {
    const record = this.stream.next();
    if (record?.kind !== 'end') return record;
    this.end = `${REASONS[record.reason]}, wait status 0x${record.status.toString(16)}`;
    return undefined;
  }

  /** Code bytes at an address, for messages. */
  code(address: number, length: number): Uint8Array {
    return this.user.read(address, length) ?? new Uint8Array();
  }

  private get nativeRip(): number {
    return Number(this.stream.state.readBigUInt64LE(0));
  }

  private number(): bigint {
    const value = this.stream.numbers.shift();
    if (value === undefined) throw new RangeError('our CPU asks for a number that the native one did not make');
    return value;
  }

  private follow(from: number, instructions: number): void {
    const block = this.blocks.get(from);
    this.pending += instructions;
    this.path.push(from);
    this.looseFlags |= block?.undefinedFlags ?? 0;
    this.isTranscendental ||= block?.isTranscendental === true;
    for (const name of block?.looseInstructions ?? []) this.loose.add(name);
  }

  // Runs as many instructions as the native side has; the exit that is not a budget's. A block that does not fit is not begun.
  private advance(instructions: number): CpuExit {
    const { cpu } = this;
    for (let left = instructions; left > 0; ) {
      const before = cpu.instructionsRetired;
      const exit = cpu.run(left);
      const done = cpu.instructionsRetired - before;
      left -= done;
      if (exit.kind !== 'budget' || done === 0) return exit;
    }
    return { kind: 'budget' };
  }

  private runBlock(): string[] {
    const before = this.cpu.instructionsRetired;
    const exit = this.advance(this.pending);
    if (exit.kind !== 'budget') return [`ours stops: ${describeExit(exit)}`, ...this.compareRegisters(0)];
    const done = this.cpu.instructionsRetired - before;
    if (done !== this.pending)
      return [`${this.pending} instructions natively, ours ran ${done}`, ...this.compareRegisters(0)];
    return [...this.compareRegisters(0), ...this.compareVectors(false)];
  }

  private runCall(): string[] {
    const exit = this.advance(this.pending);
    this.counts.systemCalls += 1;
    const isCall = exit.kind === 'system-call' || (exit.kind === 'interrupt' && exit.vector === 0x80);
    if (!isCall) return [`a system call natively, ours: ${describeExit(exit)}`, ...this.compareRegisters(0)];
    return [...this.compareRegisters(2), ...this.compareVectors(true)];
  }

  private runSignal(signal: number): string[] {
    this.counts.signals += 1;
    const name = SIGNALS_OF_INSTRUCTIONS[signal];
    // Others come between blocks.
    if (name === undefined) return this.compareRegisters(0);
    const exit = this.advance(VECTOR_INTERVAL);
    if (signalOf(exit) === undefined) return [`${name} natively, ours: ${describeExit(exit)}`];
    return [...this.compareRegisters(0), ...this.compareVectors(true)];
  }

  // What the program has written, up to what the kernel did; then that. False at the end of the trace.
  private comparePages(): string[] | boolean {
    for (;;) {
      const record = this.next();
      if (record === undefined) return false;
      if (record.kind !== 'written') return this.kernelEffects(record);
      this.counts.pages += 1;
      const ours = this.user.read(record.start, record.content.length);
      if (ours === undefined) return [`page 0x${record.start.toString(16)}: written natively, ours is not mapped`];
      if (Buffer.compare(ours, record.content) === 0) continue;
      const at = ours.findIndex((byte, index) => byte !== record.content[index]) & ~7;
      const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(at, at + 32)).toString('hex');
      return [`memory at 0x${(record.start + at).toString(16)}: native ${hex(record.content)}, ours ${hex(ours)}`];
    }
  }

  // Applies what the kernel did, up to the state from which the program goes on.
  private kernelEffects(first?: TraceRecord): boolean {
    for (let record = first ?? this.next(); ; record = this.next()) {
      if (record === undefined) return false;
      if (record.kind === 'block') break;
      this.apply(record);
    }
    this.setThreadArea();
    this.load();
    return true;
  }

  private apply(record: TraceRecord): void {
    if (record.kind === 'map') {
      const { start: address, length, flags, file, offset } = record;
      const request = { address, length, protection: flags & 7, fixed: 'replace' } as const;
      if (file === 0) this.space.map({ ...request, growsDown: (flags & GROWS_DOWN) !== 0 });
      else this.space.map({ ...request, shared: true, backing: this.backingOf(file), offset });
    } else if (record.kind === 'protect') this.space.protect(record.start, record.length, record.flags & 7);
    else if (record.kind === 'unmap') this.space.unmap(record.start, record.length);
    else if (record.kind === 'changed') this.writePage(record.start, record.content);
    else throw new TypeError(`the trace has a ${record.kind} where the kernel runs`);
  }

  private backingOf(file: number): Backing {
    const known = this.sharedFiles.get(file) ?? sharedAnonymousBacking(LARGEST_SHARED_FILE);
    this.sharedFiles.set(file, known);
    return known;
  }

  // As the kernel does it: past the protection.
  private writePage(start: number, content: Uint8Array): void {
    const protection = this.space.find(start)?.protection ?? 0;
    if ((protection & READ_WRITE) === READ_WRITE) {
      this.user.write(start, content);
      return;
    }
    this.space.protect(start, content.length, READ_WRITE);
    this.user.write(start, content);
    this.space.protect(start, content.length, protection);
  }

  // set_thread_area(2) of i386 changes the GDT, which no register shows: struct user_desc is in EBX.
  private setThreadArea(): void {
    const { cpu } = this;
    if (cpu.mode !== 32 || cpu.registerLow(0) !== SET_THREAD_AREA) return;
    const address = cpu.registerLow(3) >>> 0;
    const [entry, base] = [this.user.readU32(address), this.user.readU32(address + 4)];
    if (entry !== undefined && base !== undefined) cpu.setThreadDescriptor(entry - FIRST_THREAD_ENTRY, base);
  }

  private load(): void {
    const { cpu, stream } = this;
    const { state } = stream;
    const word = (index: number) => state.readBigUInt64LE(8 * index);
    cpu.setSelector(Segment.cs, Number(word(21)));
    cpu.setSelector(Segment.es, Number(word(20)));
    cpu.setSelector(Segment.ds, Number(word(22)));
    cpu.setSelector(Segment.fs, Number(word(23)));
    cpu.setSelector(Segment.gs, Number(word(24)));
    cpu.rip = this.nativeRip;
    this.memory.u8.set(state.subarray(8, 136), cpu.state + GPR);
    cpu.flags = state.readUInt32LE(136);
    cpu.fsBase = word(18);
    cpu.gsBase = word(19);
    this.loadVectors();
  }

  private loadVectors(): void {
    const { stream, cpu } = this;
    if (this.vectorsSeen === stream.vectorChanges) return;
    const image = new Uint8Array(XSAVE_BYTES);
    image.set(stream.vectors);
    // The kernel has filled in what was in its initial state.
    image.fill(0, STATE_BITS_AT, HEADER_END);
    image[STATE_BITS_AT] = ALL_COMPONENTS;
    if (!cpu.setExtendedState(image)) throw new TypeError('our CPU refuses the native vector registers');
    this.vectorsSeen = stream.vectorChanges;
  }

  private compareVectors(always: boolean): string[] {
    const { stream, cpu } = this;
    this.sinceVectors += 1;
    if (!always && this.vectorsSeen === stream.vectorChanges && this.sinceVectors < VECTOR_INTERVAL) return [];
    this.sinceVectors = 0;
    this.vectorsSeen = stream.vectorChanges;
    this.counts.vectorComparisons += 1;
    const ours = cpu.extendedState();
    const what = compareVectors(stream.vectors, ours, this.isTranscendental);
    if (what.length === 0 && this.isTranscendental && compareVectors(stream.vectors, ours, false).length > 0) {
      this.counts.neighbours += 1;
      this.vectorsSeen = -1;
      this.loadVectors();
    }
    return what;
  }

  // `afterCall`: ours is behind an instruction of that many bytes before which the native state was taken.
  private compareRegisters(afterCall: number): string[] {
    const { cpu } = this;
    const { state } = this.stream;
    const { u8 } = this.memory;
    this.counts.comparisons += 1;
    const what: string[] = [];
    const wide = cpu.mode === 64;
    const rip = this.nativeRip + afterCall;
    if (cpu.rip !== rip) what.push(`rip: native 0x${rip.toString(16)}, ours 0x${cpu.rip.toString(16)}`);
    const ours = u8.subarray(cpu.state + GPR, cpu.state + GPR + 128);
    if (!wide || afterCall !== 0 || state.compare(ours, 0, 128, 8, 136) !== 0) {
      for (let register = 0; register < (wide ? 16 : 8); register += 1) {
        // RCX and R11 hold what SYSCALL left in them.
        if (wide && afterCall !== 0 && (register === 1 || register === 11)) continue;
        const bits = wide ? 64 : 32;
        const native = BigInt.asUintN(bits, state.readBigUInt64LE(8 + 8 * register));
        const mine = BigInt.asUintN(bits, cpu.register(register));
        if (mine !== native)
          what.push(`${REGISTER_NAMES[register]}: native 0x${native.toString(16)}, ours 0x${mine.toString(16)}`);
      }
    }
    const [fsBase, gsBase] = [state.readBigUInt64LE(144), state.readBigUInt64LE(152)];
    if (wide && cpu.fsBase !== fsBase)
      what.push(`fs base: native 0x${fsBase.toString(16)}, ours 0x${cpu.fsBase.toString(16)}`);
    if (cpu.gsBase !== gsBase) what.push(`gs base: native 0x${gsBase.toString(16)}, ours 0x${cpu.gsBase.toString(16)}`);
    this.compareFlags(what);
    return what;
  }

  private compareFlags(what: string[]): void {
    const { cpu } = this;
    const native = this.stream.state.readUInt32LE(136);
    const differing = cpu.flags ^ native;
    if (differing === 0) return;
    if ((differing & ~this.looseFlags) === 0 && what.length === 0) {
      this.counts.undefinedFlags.add([...this.loose].join(' '));
      cpu.flags = (cpu.flags & ~STATUS_FLAGS) | (native & STATUS_FLAGS);
    } else
      what.push(
        `flags: native ${flagText(native)}, ours ${flagText(cpu.flags)} (0x${(native >>> 0).toString(16)}, 0x${(cpu.flags >>> 0).toString(16)})`,
      );
  }
}

function signalOf(exit: CpuExit): string | undefined {
  return exit.kind === 'fault' || exit.kind === 'exception' || exit.kind === 'unsupported' ? exit.kind : undefined;
}

function describeExit(exit: CpuExit): string {
  if (exit.kind === 'fault')
    return `fault at 0x${exit.address.toString(16)}, access ${exit.access}, cause ${exit.cause}`;
  if (exit.kind === 'unsupported') return `unsupported instruction ${Buffer.from(exit.bytes).toString('hex')}`;
  if (exit.kind === 'exception') return `exception ${exit.vector}`;
  return exit.kind;
}
