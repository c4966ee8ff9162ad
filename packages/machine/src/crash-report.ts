// The crash report: what a person needs to understand why a guest died, gathered while its memory and registers are still there.
import { type CpuExit, errnoName, type Thread } from '@elf/kernel';
import { signalName } from '@elf/linux';
import { type ByteSource, type NearestSymbol, ParseError, parseElf } from '@elf/parse';
import { type DamagedMemory, damagedMemory, type LoadedSegment, type PolicyInForce } from './policy-damage.ts';

const INSTRUCTION_BYTES = 15;
/** Damaged ranges that are printed. */
const SHOWN_RANGES = 12;
// biome-ignore format: a table
const REGISTER_NAMES = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi', 'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15'] as const;
const ACCESS_NAMES = ['reading', 'writing', 'executing'] as const;

/** Facts about a fatal fault. */
export interface CrashReport {
  readonly processId: number;
  readonly command: string;
  readonly signal: number;
  readonly signalName: string;
  /** One sentence: what happened. */
  readonly cause: string;
  readonly instructionAddress: number;
  /** Up to 15 bytes at the instruction; empty when they cannot be read. */
  readonly instructionBytes: Uint8Array;
  /** Name of an instruction the CPU knows but does not have. */
  readonly mnemonic: string | undefined;
  /** `name+0x12` of the nearest symbol of the executable. */
  readonly symbol: string | undefined;
  /** The mapping the instruction lies in and, for a memory fault, the one the address lies in, as /proc/PID/maps shows them. */
  readonly instructionMapping: string | undefined;
  readonly faultMapping: string | undefined;
  readonly registers: Readonly<Record<string, bigint>>;
  readonly recentCalls: readonly string[];
  /** What the page policy did to the process's images; absent without a policy. */
  readonly pageDamage?: PageDamage;
}

/** Damage of a page policy, for a report. */
export interface PageDamage {
  readonly policy: string;
  readonly hostPageBytes: number;
  readonly ranges: readonly DamagedMemory[];
}

/**
 * Gathers the report. The thread must be on the CPU.
 * @param inForce the page policy images were mapped by, if any: the damage it did is part of the report.
 */
export function crashReport(thread: Thread, signal: number, inForce?: PolicyInForce): CrashReport {
  const { cpu, process, lastFault } = thread;
  const address = cpu.rip;
  const registers = Object.fromEntries(REGISTER_NAMES.map((name, index) => [name, cpu.register(index)]));
  return {
    processId: process.id,
    command: process.commandName,
    signal,
    signalName: signalName(signal),
    cause: causeOf(lastFault, signal),
    instructionAddress: address,
    instructionBytes: readable(thread, address),
    mnemonic: lastFault?.kind === 'unsupported' ? lastFault.mnemonic : undefined,
    symbol: symbolName(thread, address),
    instructionMapping: mappingLine(thread, address),
    faultMapping: lastFault?.kind === 'fault' ? mappingLine(thread, lastFault.address) : undefined,
    registers: { ...registers, rip: BigInt(address), eflags: BigInt(cpu.flags >>> 0), 'fs base': cpu.fsBase },
    recentCalls: [...thread.kernel.recentCalls],
    ...(inForce !== undefined && { pageDamage: pageDamage(thread, inForce) }),
  };
}

function pageDamage(thread: Thread, inForce: PolicyInForce): PageDamage {
  const { policy, hostPageBytes } = inForce;
  return { policy: policy.name, hostPageBytes, ranges: damagedMemory(thread, inForce) };
}

/**
 * The report as text, lines of at most about 120 characters.
 * @example
 * createMachine({ host, onCrash: (report) => console.error(formatCrashReport(report)) });
 */
export function formatCrashReport(report: CrashReport): string {
  const hex = (value: number | bigint) => `0x${value.toString(16)}`;
  const bytes = [...report.instructionBytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const where =
    report.symbol === undefined
      ? hex(report.instructionAddress)
      : `${hex(report.instructionAddress)} <${report.symbol}>`;
  const lines = [`${report.command}[${report.processId}] died of ${report.signalName}: ${report.cause}`];
  lines.push(`  at       ${where}`);
  lines.push(
    `  bytes    ${bytes === '' ? '(not readable)' : bytes}${report.mnemonic === undefined ? '' : `  ${report.mnemonic}`}`,
  );
  lines.push(`  code in  ${report.instructionMapping ?? '(not mapped)'}`);
  if (report.faultMapping !== undefined) lines.push(`  data in  ${report.faultMapping}`);
  const cells = Object.entries(report.registers).map(
    ([name, value]) => `${name.padStart(7)} ${value.toString(16).padStart(16, '0')}`,
  );
  for (let at = 0; at < cells.length; at += 4) lines.push(`  ${cells.slice(at, at + 4).join(' ')}`);
  lines.push(report.recentCalls.length > 0 ? '  last system calls' : '  no system call was made');
  for (const call of report.recentCalls) lines.push(`    ${call}`);
  if (report.pageDamage !== undefined) lines.push(...damageLines(report.pageDamage, report.instructionAddress));
  return `${lines.join('\n')}\n`;
}

function damageLines({ policy, hostPageBytes, ranges }: PageDamage, instruction: number): string[] {
  const where = `page policy ${policy} on ${hostPageBytes}-byte pages`;
  if (ranges.length === 0) return [`  ${where}: no byte of the program or its interpreter was loaded wrong`];
  const total = ranges.reduce((sum, { differingBytes }) => sum + differingBytes, 0);
  const lines = ranges.slice(0, SHOWN_RANGES).flatMap(({ start, end, differingBytes, sections, path, lost, by }) => {
    const isHere = BigInt(instruction) >= start && BigInt(instruction) < end;
    const names = sections.length === 0 ? '' : ` ${sections.join(' ')}`;
    return [
      `    ${span(start, end)}${names}: ${differingBytes} bytes of ${path}${isHere ? ' - the instruction is here' : ''}`,
      `      they belong to ${segmentText(lost)} and were lost to ${lost.index === by.index ? 'its own loading' : segmentText(by)}`,
    ];
  });
  const more = ranges.length - SHOWN_RANGES;
  if (more > 0) lines.push(`    and ${more} more ranges`);
  return [`  ${where} loaded ${total} bytes wrong, before the first instruction`, ...lines];
}

function span(start: bigint, end: bigint): string {
  return `0x${start.toString(16)}-0x${end.toString(16)}`;
}

function segmentText({ index, flags, start, end }: LoadedSegment): string {
  return `PT_LOAD ${index} (${flags.trim()}, ${span(start, end)})`;
}

/** One sentence about why guest code stopped: a fault, an exception, or else a signal that somebody sent. */
export function causeOf(exit: CpuExit | undefined, signal: number): string {
  switch (exit?.kind) {
    case 'fault': {
      const address = `0x${exit.address.toString(16)}`;
      const reasons = [
        '',
        'nothing is mapped there',
        'the mapping does not permit it',
        'the file behind the mapping ends before it',
        '',
        'memory is exhausted',
      ];
      return `${ACCESS_NAMES[exit.access]} ${address} failed, ${reasons[exit.cause] || 'the page refused'}.`;
    }
    case 'exception':
      return exceptionText(exit.vector);
    case 'unsupported':
      return `the emulated CPU does not have this instruction${exit.mnemonic === undefined ? '' : ` (${exit.mnemonic})`}.`;
    case 'interrupt':
      return `int 0x${exit.vector.toString(16)} is not available to programs here.`;
    default:
      return `the signal was sent by a call (${signalName(signal)}).`;
  }
}

function exceptionText(vector: number): string {
  const names: Readonly<Record<number, string>> = {
    0: 'division by zero, or a quotient that does not fit.',
    1: 'debug trap.',
    3: 'breakpoint instruction.',
    6: 'undefined instruction.',
    13: 'general protection: a privileged instruction or a non-canonical address.',
    16: 'unmasked x87 exception.',
    17: 'alignment check.',
    19: 'unmasked SSE exception.',
  };
  return names[vector] ?? `exception ${vector}.`;
}

function readable(thread: Thread, address: number): Uint8Array {
  const bytes = new Uint8Array(INSTRUCTION_BYTES);
  return bytes.subarray(0, thread.user.readInto(address, bytes));
}

function mappingLine(thread: Thread, address: number): string | undefined {
  for (const line of thread.process.space.mapsText().split('\n')) {
    const [start, end] = line.split(/[- ]/, 2).map((part) => Number.parseInt(part, 16));
    if (address >= start && address < end) return line.replace(/\s+/g, ' ');
  }
  return undefined;
}

/** Nearest symbol in whatever file is mapped at the address, at the bias it is mapped with. */
function symbolName(thread: Thread, address: number): string | undefined {
  const area = thread.process.space.find(address);
  const backing = area?.backing;
  if (area === undefined || backing === undefined) return undefined;
  const source: ByteSource = {
    size: backing.sizeInBytes(),
    read: (offset, length) => {
      const bytes = new Uint8Array(length);
      return bytes.subarray(0, Math.max(0, backing.readInto(offset, bytes)));
    },
  };
  try {
    const elf = parseElf(source, { permissive: true });
    const offset = BigInt(area.offset + (address - area.start));
    const segment = elf.programHeaders.find(
      (row) => row.type === 1 && offset >= row.offset && offset < row.offset + row.filesz,
    );
    if (segment === undefined) return undefined;
    const found: NearestSymbol | undefined = elf.symbolAt(offset - segment.offset + segment.vaddr);
    return found && `${found.symbol.name}+0x${found.offset.toString(16)}`;
  } catch (error) {
    // A damaged file has no symbols to show; anything else is our own bug.
    if (ParseError.isInstance(error)) return undefined;
    throw error;
  }
}

/**
 * Text of a refusal: its error name and sentence.
 * @example
 * if (outcome.kind === 'refused') console.error(describeRefusal(outcome));   // ENOEXEC by rule ...: ...
 */
export function describeRefusal(refusal: {
  readonly errno: number;
  readonly reason: string;
  readonly rule: string;
}): string {
  return `${errnoName(refusal.errno)} by rule ${refusal.rule}: ${refusal.reason}`;
}
