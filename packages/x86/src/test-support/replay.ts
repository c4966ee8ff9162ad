// Replays a native trace on our CPU: same start image, kernel effects taken from the trace, registers compared after every block.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { type Cpu, createCpu } from '../cpu.ts';
import type { CpuExit } from '../cpu-exit.ts';
import { GPR } from '../state/layout.ts';
import { flagText, REGISTER_NAMES } from './compare-case.ts';
import type { TraceRecord, TraceStream } from './trace-stream.ts';

type State = Buffer;

/** Where the replay stopped. */
export interface ReplayResult {
  /** Instructions that agree. */
  readonly instructions: number;
  readonly systemCalls: number;
  /** Undefined when the whole trace agrees. */
  readonly difference?: { readonly what: readonly string[]; readonly path: readonly State[]; readonly exit: CpuExit };
}

/** Longest stretch between two comparisons: a block has at most 64 instructions, so this always makes progress. */
const STRETCH = 64;

/** One replay over a stream. */
export class Replay {
  readonly memory = new GuestMemory();
  readonly cpu: Cpu = createCpu(this.memory);
  private readonly space = new AddressSpace(this.memory, { minimumAddress: 0 });
  private readonly user = new UserMemory(this.space);
  private readonly stream: TraceStream;
  private instructions = 0;
  private systemCalls = 0;

  constructor(stream: TraceStream) {
    this.stream = stream;
    this.cpu.attach(this.space);
  }

  /** Runs to the end of the trace, the first difference or the limit. */
  run(limitInInstructions = Number.POSITIVE_INFINITY): ReplayResult {
    const { cpu } = this;
    let state = this.effects();
    if (state === undefined) throw new TypeError('the trace has no first state');
    this.load(state);
    while (this.instructions < limitInInstructions) {
      const before = cpu.instructionsRetired;
      const exit = cpu.run(STRETCH);
      const count = cpu.instructionsRetired - before;
      const path: State[] = [state];
      const isCall = exit.kind === 'system-call';
      for (let step = 0; step < (isCall ? count - 1 : count); step += 1) {
        const record = this.stream.next();
        if (record === undefined || record.kind === 'end') return this.result();
        if (record.kind !== 'state')
          return this.differs([`the trace has a ${record.kind} here, ours goes on`], path, exit);
        path.push(record.bytes);
      }
      if (isCall) {
        const number = cpu.registerLow(0);
        state = this.effects();
        if (state === undefined) return this.result();
        const last = path[path.length - 1];
        if (last.readInt32LE(8) !== number)
          return this.differs([`system call ${number}, native ${last.readInt32LE(8)}`], path, exit);
        this.systemCalls += 1;
        this.instructions += count;
        this.load(state);
        continue;
      }
      state = path[path.length - 1];
      const what = this.compare(state);
      if (what.length > 0 || (exit.kind !== 'budget' && count === 0)) return this.differs(what, path, exit);
      if (exit.kind !== 'budget') return this.differs([`ours stops: ${describeExit(exit)}`], path, exit);
      this.instructions += count;
    }
    return this.result();
  }

  // Applies what the kernel did, up to the next state.
  private effects(): State | undefined {
    for (;;) {
      const record = this.stream.next();
      if (record === undefined || record.kind === 'end') return undefined;
      if (record.kind === 'state') return record.bytes;
      this.apply(record);
    }
  }

  private apply(record: TraceRecord): void {
    const readWrite = Protection.Read | Protection.Write;
    if (record.kind === 'map') {
      this.space.map({ address: record.start, length: record.length, protection: readWrite, fixed: 'replace' });
      this.user.write(record.start, record.content);
      this.space.protect(record.start, record.length, record.protection);
    } else if (record.kind === 'unmap') this.space.unmap(record.start, record.length);
    else if (record.kind === 'write') this.user.write(record.start, record.content);
  }

  private load(state: State): void {
    const { cpu } = this;
    cpu.rip = Number(state.readBigUInt64LE(0));
    this.memory.u8.set(state.subarray(8, 136), cpu.state + GPR);
    cpu.flags = state.readUInt32LE(136);
    cpu.fsBase = state.readBigUInt64LE(144);
  }

  private compare(state: State): string[] {
    const { cpu } = this;
    const what: string[] = [];
    const { u8 } = this.memory;
    const ours = u8.subarray(cpu.state + GPR, cpu.state + GPR + 128);
    const rip = Number(state.readBigUInt64LE(0));
    if (cpu.rip === rip && state.compare(ours, 0, 128, 8, 136) === 0) return what;
    if (cpu.rip !== rip) what.push(`rip: native 0x${rip.toString(16)}, ours 0x${cpu.rip.toString(16)}`);
    for (let register = 0; register < 16; register += 1) {
      const [native, mine] = [state.readBigUInt64LE(8 + 8 * register), cpu.register(register)];
      if (mine !== native)
        what.push(`${REGISTER_NAMES[register]}: native 0x${native.toString(16)}, ours 0x${mine.toString(16)}`);
    }
    return what;
  }

  private differs(what: readonly string[], path: readonly State[], exit: CpuExit): ReplayResult {
    const flags = `(flags: native ${flagText(path[path.length - 1].readUInt32LE(136))}, ours ${flagText(this.cpu.flags)}; undefined ones may differ)`;
    return { ...this.result(), difference: { what: [...what, flags], path, exit } };
  }

  private result(): ReplayResult {
    return { instructions: this.instructions, systemCalls: this.systemCalls };
  }

  /** Code bytes at an address, for messages. */
  code(address: number, length: number): Uint8Array {
    return this.user.read(address, length) ?? new Uint8Array();
  }
}

function describeExit(exit: CpuExit): string {
  if (exit.kind === 'fault')
    return `fault at 0x${exit.address.toString(16)}, access ${exit.access}, cause ${exit.cause}`;
  if (exit.kind === 'unsupported') return `unsupported instruction ${Buffer.from(exit.bytes).toString('hex')}`;
  if (exit.kind === 'exception') return `exception ${exit.vector}`;
  return exit.kind;
}
