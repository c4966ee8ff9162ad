// What -d logs: items as rows, and the tracer that hears of programs, blocks, instructions and faults.
import type { CpuExit, ExitStatus, Kernel, Process, SignalVerdict, Thread, Tracer } from '@elf/kernel';
import { Disassembler } from '@elf/x86/disassemble';
import { causeOf } from './crash-report.ts';
import { readMemory } from './gdb-server/debugged-memory.ts';

/** What can be logged. */
export interface LogItem {
  /** As qemu-user's -d calls it. */
  readonly name: string;
  readonly title: string;
}

// biome-ignore format: one row per line
const LOG_ITEM_ROWS = [
  { name: 'in_asm', title: 'guest code of each block when it is first translated' },
  { name: 'exec',   title: 'each instruction before it is executed; slow, as every one is a step' },
  { name: 'cpu',    title: 'the general registers before each instruction' },
  { name: 'int',    title: 'faults and exceptions, before they become signals' },
  { name: 'page',   title: 'the memory map of each program when it starts' },
  { name: 'strace', title: 'system calls, as -strace' },
] as const satisfies readonly LogItem[];

/** The rows, for help. */
export const LOG_ITEMS: readonly LogItem[] = LOG_ITEM_ROWS;

/** Name of an item. */
export type LogItemName = (typeof LOG_ITEM_ROWS)[number]['name'];

/**
 * Reads a list of items.
 * @returns the items, or the first word that is none.
 * @example
 * readLogItems('in_asm,page')   // Set { 'in_asm', 'page' }
 */
export function readLogItems(list: string): ReadonlySet<LogItemName> | { readonly unknown: string } {
  const words = list.split(',').filter((word) => word !== '');
  const unknown = words.find((word) => !LOG_ITEMS.some(({ name }) => name === word));
  return unknown === undefined ? new Set(words as LogItemName[]) : { unknown };
}

const LONGEST_INSTRUCTION = 15;
const BYTES_WIDTH = 30;
// biome-ignore format: a table
const NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const;
const NARROW_REGISTERS = 8;

/**
 * Logs a machine's programs; decisions are those of the tracer that was there before.
 * @example
 * const machine = createMachine({ host });
 * new ExecutionLog(machine.kernel, new Set(['page', 'int']), (line) => console.error(line));
 */
export class ExecutionLog implements Tracer {
  readonly #kernel: Kernel;
  readonly #inner: Tracer | undefined;
  readonly #items: ReadonlySet<LogItemName>;
  readonly #write: (line: string) => void;
  readonly #disassemblers: Partial<Record<32 | 64, Disassembler>> = {};
  readonly #steps: boolean;

  /**
   * Becomes the kernel's tracer.
   * @param write gets lines without their end.
   */
  constructor(kernel: Kernel, items: ReadonlySet<LogItemName>, write: (line: string) => void) {
    this.#kernel = kernel;
    this.#inner = kernel.tracer;
    this.#items = items;
    this.#write = write;
    this.#steps = items.has('exec') || items.has('cpu');
    kernel.tracer = this;
  }

  get isHolding(): boolean {
    return this.#inner?.isHolding ?? false;
  }

  turn(thread: Thread): 'run' | 'step' | 'hold' {
    const turn = this.#inner?.turn(thread) ?? 'run';
    return turn === 'run' && this.#steps ? 'step' : turn;
  }

  stepped(thread: Thread): void {
    this.#inner?.stepped(thread);
    if (this.#steps && thread.state !== 'ended') this.#arrived(thread);
  }

  reachedBreakpoint(thread: Thread): void {
    this.#inner?.reachedBreakpoint(thread);
  }

  signal(thread: Thread, signal: number, information: () => Uint8Array): SignalVerdict {
    return this.#inner?.signal(thread, signal, information) ?? signal;
  }

  started(process: Process): void {
    this.#inner?.started(process);
  }

  executed(thread: Thread): void {
    this.#inner?.executed(thread);
    const { process } = thread;
    if (this.#items.has('page')) {
      this.#write(`page: ${process.id} starts ${process.program.executable}`);
      for (const line of process.space.mapsText().split('\n')) if (line !== '') this.#write(`  ${line}`);
    }
    if (this.#steps) this.#arrived(thread);
  }

  faulted(thread: Thread, exit: CpuExit): void {
    this.#inner?.faulted?.(thread, exit);
    if (!this.#items.has('int')) return;
    this.#write(`int: ${this.#who(thread)} at ${hex(thread.cpu.rip)}: ${causeOf(exit, 0)}`);
  }

  ended(process: Process, status: ExitStatus): void {
    this.#inner?.ended(process, status);
  }

  /** A block was translated: for `createMachine`'s onTranslated. */
  translated(addresses: readonly number[]): void {
    const { currentThread: thread } = this.#kernel;
    if (thread === undefined || !this.#items.has('in_asm')) return;
    const { backing } = thread.process.space.find(addresses[0]) ?? {};
    this.#write(`in_asm: ${this.#who(thread)} ${backing?.mapsEntry?.path ?? '(anonymous memory)'}`);
    for (const address of addresses) this.#write(`  ${this.#line(thread, address)}`);
  }

  #arrived(thread: Thread): void {
    const { cpu } = thread;
    if (this.#items.has('exec')) this.#write(`exec: ${this.#who(thread)} ${this.#line(thread, cpu.rip)}`);
    if (!this.#items.has('cpu')) return;
    const count = cpu.mode === 32 ? NARROW_REGISTERS : NAMES.length;
    const cells = NAMES.slice(0, count).map((name, index) => `${name}=${cpu.register(index).toString(16)}`);
    this.#write(
      `cpu: ${this.#who(thread)} rip=${cpu.rip.toString(16)} ${cells.join(' ')} flags=${cpu.flags.toString(16)}`,
    );
  }

  #who({ process, id }: Thread): string {
    return process.id === id ? `${id}` : `${process.id}/${id}`;
  }

  /** Address, bytes and text of one instruction. */
  #line({ process, cpu }: Thread, address: number): string {
    const { mode } = cpu;
    this.#disassemblers[mode] ??= new Disassembler({ mode });
    const disassembler = this.#disassemblers[mode];
    const bytes = readMemory(process, address, LONGEST_INSTRUCTION);
    if (bytes === undefined) return `${hex(address)}:  (not mapped)`;
    const text = disassembler.disassemble(bytes, 0, bytes.length, address);
    const own = [...bytes.subarray(0, disassembler.lengthInBytes)].map((byte) => byte.toString(16).padStart(2, '0'));
    return `${hex(address)}:  ${own.join(' ').padEnd(BYTES_WIDTH)} ${text}`;
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
