// A toy personality proves decision D7: the kernel runs processes of a family it has never heard of, on a scripted CPU.
import { AddressSpace, GuestMemory, Protection } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import {
  type Cpu,
  type CpuExit,
  createMemoryHost,
  createSystemCallTable,
  defineSystemCall,
  int,
  Kernel,
  Pending,
  type Personality,
  path,
  run,
  type SystemCallAbi,
  WaitQueue,
} from './index.ts';

/** A CPU that "executes" a list: each entry sets registers and stops. */
function scriptedCpu(script: readonly { registers: Record<number, bigint>; exit: CpuExit }[]): Cpu {
  const registers = new BigUint64Array(16);
  let retired = 0;
  const cpu: Cpu = {
    attach: () => {},
    run: () => {
      const step = script[cpu.rip];
      cpu.rip++;
      retired++;
      for (const [index, value] of Object.entries(step.registers)) registers[Number(index)] = value;
      return step.exit;
    },
    step: () => cpu.run(1),
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
    stateSizeInBytes: 136,
    saveState: () => {
      const state = new Uint8Array(136);
      state.set(new Uint8Array(registers.buffer));
      new DataView(state.buffer).setFloat64(128, cpu.rip, true);
      return state;
    },
    restoreState: (state) => {
      registers.set(new BigUint64Array(state.slice(0, 128).buffer));
      cpu.rip = new DataView(state.buffer).getFloat64(128, true);
    },
    resetState: () => registers.fill(0n),
    get instructionsRetired() {
      return retired;
    },
  };
  return cpu;
}

const abi: SystemCallAbi = {
  name: 'toy',
  number: (cpu) => cpu.registerLow(3),
  wordBytes: 8,
  argumentRegisters: [1, 2],
  setResult: (cpu, result) => cpu.setRegister(5, BigInt.asUintN(64, BigInt(result))),
  unknownCallResult: -1000,
  instructionBytes: 1,
};

function setUp(script: Parameters<typeof scriptedCpu>[0]) {
  const said: string[] = [];
  const results: bigint[] = [];
  const lines: string[] = [];
  const gate = new WaitQueue();
  let isOpen = false;
  const calls = createSystemCallTable([
    defineSystemCall({
      name: 'say',
      numbers: { toy: 1 },
      support: 'full',
      arguments: { text: path },
      run: (_task, { text }) => said.push(text),
    }),
    defineSystemCall({
      name: 'leave',
      numbers: { toy: 2 },
      support: 'full',
      result: 'none',
      arguments: { code: int },
      run: (task, { code }) => {
        results.push(task.cpu.register(5));
        task.kernel.endProcess(task.process, { kind: 'exited', code });
        return 0;
      },
    }),
    defineSystemCall({
      name: 'wait',
      numbers: { toy: 3 },
      support: 'full',
      arguments: {},
      run: () => {
        queueMicrotask(() => {
          isOpen = true;
          gate.wake();
        });
        return new Pending({ queues: [gate], attempt: () => (isOpen ? 77 : undefined) });
      },
    }),
  ]);
  const faults: string[] = [];
  const personality: Personality = {
    name: 'toy',
    abiOf: (exit) => (exit.kind === 'interrupt' ? abi : undefined),
    calls,
    attach: () => {},
    fork: () => {},
    start: (thread, program) => {
      thread.cpu.rip = program.entry;
    },
    fault: (thread, exit) => {
      faults.push(exit.kind);
      thread.kernel.endProcess(thread.process, { kind: 'signaled', signal: 1, coreDumped: false });
    },
    beforeResume: () => {},
    threadEnded: () => {},
    processEnded: () => {},
    describeError: (number) => `toy error ${number}`,
  };
  const memory = new GuestMemory();
  const kernel = new Kernel({
    host: createMemoryHost(),
    memory,
    cpu: scriptedCpu(script),
    trace: (line) => lines.push(line),
    loader: (_kernel, request) => {
      if (request.path === '/none') return { kind: 'refused', errno: 2, reason: 'There is no such program.' };
      const space = new AddressSpace(memory);
      space.map({ address: 0x10000, length: 4096, protection: Protection.Read | Protection.Write, fixed: 'replace' });
      const frame = space.resolve(0x10000, 1);
      memory.u8.set([104, 105, 0], frame);
      return {
        kind: 'loaded',
        space,
        entry: 0,
        stackPointer: 0,
        executable: request.path,
        commandName: 'toy',
        arguments: [],
        environment: [],
        auxiliaryVector: new Uint8Array(0),
      };
    },
  });
  return { kernel, personality, said, results, lines, faults };
}

const call = (number: bigint, argument = 0n) => ({
  registers: { 3: number, 1: argument },
  exit: { kind: 'interrupt', vector: 64 } as const,
});
const start = { path: '/toy', arguments: [], environment: [] };

describe('a toy personality', () => {
  it('runs calls through its own convention and prints them', async () => {
    const { kernel, personality, said, lines } = setUp([call(1n, 0x10000n), call(2n, 5n)]);
    const process = kernel.start({ ...start, personality });
    expect(await run(kernel)).toBe('finished');
    expect(said).toEqual(['hi']);
    expect(process).toMatchObject({ exitStatus: { kind: 'exited', code: 5 } });
    expect(lines).toEqual([
      'say("hi")                               = 1',
      'leave(5)                                = ?',
    ]);
  });

  it('a bad pointer is an error and the call is not entered', async () => {
    const { kernel, personality, said, lines } = setUp([call(1n, 0x999000n), call(2n)]);
    kernel.start({ ...start, personality });
    await run(kernel);
    expect(said).toEqual([]);
    expect(lines[0]).toBe('say(0x999000)                           = -1 toy error 14');
  });

  it('an unknown call has the result the convention says', async () => {
    const { kernel, personality, results } = setUp([call(9n), call(2n)]);
    kernel.start({ ...start, personality });
    await run(kernel);
    expect(BigInt.asIntN(64, results[0])).toBe(-1000n);
  });

  it('a call that waits lets the JavaScript thread go on and completes later', async () => {
    const { kernel, personality, results } = setUp([call(3n), call(2n)]);
    kernel.start({ ...start, personality });
    await run(kernel);
    expect(results).toEqual([77n]);
  });

  it('what is not a call is its fault handler’s business', async () => {
    const { kernel, personality, faults } = setUp([{ registers: {}, exit: { kind: 'system-call' } }]);
    kernel.start({ ...start, personality });
    await run(kernel);
    expect(faults).toEqual(['system-call']);
  });

  it('a refused program leaves no process', () => {
    const { kernel, personality } = setUp([]);
    expect(kernel.start({ ...start, path: '/none', personality })).toMatchObject({ kind: 'refused', errno: 2 });
    expect(kernel.processes.size).toBe(0);
  });
});
