// A process without an engine, and system calls made for it by name.
import {
  type Cpu,
  createMemoryHost,
  Kernel,
  type Pending,
  type Process,
  type SystemCallRow,
  type Thread,
} from '@elf/kernel';
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { I386_ABI } from '../abi/i386.ts';
import { createLinuxPersonality, createProcFileSystem, LINUX_CALLS } from '../index.ts';

/** Two readable and writable pages every task starts with: buffers in the first, strings in the second. */
export const PAGE = 0x20000;

/** Registers without an engine: enough for calls that do not run guest code. */
function registersOnly(): Cpu {
  const registers = new BigUint64Array(16);
  const cpu: Cpu = {
    attach: () => {},
    run: () => ({ kind: 'budget' }),
    step: () => ({ kind: 'budget' }),
    setBreakpoints: () => {},
    register: (index) => registers[index],
    setRegister: (index, value) => {
      registers[index] = value;
    },
    registerLow: (index) => Number(BigInt.asIntN(32, registers[index])),
    registerHigh: (index) => Number(BigInt.asIntN(32, registers[index] >> 32n)),
    setRegisterHalves: (index, low, high) => {
      registers[index] = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
    },
    rip: 0,
    ripHalves: { low: 0, high: 0 },
    flags: 0,
    fsBase: 0n,
    gsBase: 0n,
    mode: 64,
    selector: () => 0,
    loadSelector: () => true,
    threadDescriptor: () => undefined,
    setThreadDescriptor: () => {},
    setLocalDescriptors: () => {},
    timeStampDisabled: false,
    extendedState: () => new Uint8Array(512),
    setExtendedState: () => true,
    processor: { vendor: 'Toy', name: 'toy', family: 6, model: 1, stepping: 0, flags: [] },
    stateSizeInBytes: 128,
    saveState: () => new Uint8Array(registers.slice().buffer),
    restoreState: (state) => registers.set(new BigUint64Array(state.slice().buffer)),
    resetState: () => registers.fill(0n),
    instructionsRetired: 0,
  };
  return cpu;
}

/** One for all tasks of a test file: a WebAssembly memory of its own for each is most of what a test of one call costs. */
let sharedMemory: GuestMemory | undefined;

/** A process of user 0 that calls are made for. Every task has a kernel and an address space of its own. */
export function newTask(): Thread {
  sharedMemory ??= new GuestMemory();
  const memory = sharedMemory;
  const host = createMemoryHost({
    files: { '/bin/toy': new Uint8Array(3), '/etc/motd': new Uint8Array([104, 105, 10]) },
  });
  const kernel = new Kernel({
    host,
    memory,
    cpu: registersOnly(),
    loader: () => {
      const space = new AddressSpace(memory);
      space.map({ address: PAGE, length: 8192, protection: Protection.Read | Protection.Write, fixed: 'replace' });
      return {
        kind: 'loaded',
        space,
        entry: 0,
        stackPointer: PAGE + 4096,
        executable: '/bin/toy',
        commandName: 'toy',
        arguments: ['toy'],
        environment: [],
        auxiliaryVector: new Uint8Array(0),
      };
    },
  });
  const process = kernel.start({
    path: '/bin/toy',
    arguments: ['toy'],
    environment: [],
    personality: createLinuxPersonality(),
  }) as Process;
  kernel.tree.mounts.mount(
    '/proc',
    createProcFileSystem(kernel, () => process),
    'proc',
  );
  return [...process.threads][0];
}

/** Calls by name with raw register values; strings are placed in memory first. */
export function call(task: Thread, name: string, ...values: (number | bigint | string)[]): number | bigint | Pending {
  return callRow(task, LINUX_CALLS.find((candidate) => candidate.name === name) ?? missing(name), values);
}

/** The same for a call of the i386 ABI: words and structures are its. */
export function callI386(task: Thread, name: string, ...values: number[]): number | bigint | Pending {
  const row = LINUX_CALLS.find((candidate) => candidate.name === name && candidate.numbers.i386 !== undefined);
  task.callAbi = I386_ABI;
  return callRow(task, row ?? missing(name), values);
}

function missing(name: string): never {
  throw new Error(`no call ${name}`);
}

function callRow(task: Thread, row: SystemCallRow, values: (number | bigint | string)[]): number | bigint | Pending {
  let text = PAGE + 4096;
  const low = new Int32Array(6);
  const high = new Int32Array(6);
  for (const [index, value] of values.entries()) {
    let raw = value;
    if (typeof raw === 'string') {
      task.user.write(
        text,
        Uint8Array.from(`${raw}\0`, (c) => c.charCodeAt(0)),
      );
      raw = text;
      text += (value as string).length + 1;
    }
    const wide = BigInt.asIntN(64, BigInt(raw));
    low[index] = Number(BigInt.asIntN(32, wide));
    high[index] = Number(BigInt.asIntN(32, wide >> 32n));
  }
  const names = Object.keys(row.arguments);
  const decoded: Record<string, unknown> = {};
  for (const [index, argument] of names.entries()) {
    const value = row.arguments[argument].decode({ task, low, high, indexOf: (key) => names.indexOf(key) }, index);
    if (typeof value === 'object' && value !== null && 'errno' in value) return -(value as { errno: number }).errno;
    decoded[argument] = value;
  }
  return row.run(task, decoded);
}
