// The Plan 9 personality: what makes a guest a Plan 9 process.
import {
  fromBytes,
  type LoadedProgram,
  type Personality,
  type Process,
  Register,
  type Thread,
  toBytes,
} from '@elf/kernel';
import { AMD64_ABI, I386_ABI, SYSTEM_CALL_VECTOR } from './abi/conventions.ts';
import { createCallTable } from './calls/index.ts';
import { leaveRecord } from './calls/processes.ts';
import { startFloatingPoint } from './floating-point.ts';
import { exitTextOf } from './exit-text.ts';
import { EnvironmentGroup } from './environment-group.ts';
import { leaveSegments, programSegments } from './memory/segments.ts';
import { firstNameSpace, rootPlace } from './names/first-name-space.ts';
import { NameSpace } from './names/name-space.ts';
import { lastElement } from './names/place.ts';
import { walkTo } from './names/walk.ts';
import { deliverNote } from './notes/deliver.ts';
import { forwardHostSignals } from './notes/host-signals.ts';
import { createNoteState } from './notes/note-state.ts';
import { complain, endWith, postNote } from './notes/post-note.ts';
import { trapNoteOf } from './notes/trap-notes.ts';
import { adopt, findState, type Plan9Process, stateOf } from './process-state.ts';
import { RendezvousGroup } from './rendezvous-group.ts';
import { tosOffsets } from './tos.ts';

const NANOSECONDS_PER_MILLISECOND = 1_000_000;
/** 9front's first user, for hosts that name none. */
const DEFAULT_USER = 'glenda';
/** Name of the call that starts programs. */
const EXEC = 'exec';

/**
 * Plan 9 for amd64 and 386 programs.
 * @example
 * kernel.start({ path: '/bin/hello', arguments: ['hello'], environment: ['user=glenda'], personality: createPlan9Personality() });
 */
export function createPlan9Personality(): Personality {
  return {
    name: 'plan9',
    abiOf: (exit) => {
      if (exit.kind === 'system-call') return exit.entry === undefined ? AMD64_ABI : undefined;
      return exit.kind === 'interrupt' && exit.vector === SYSTEM_CALL_VECTOR ? I386_ABI : undefined;
    },
    calls: createCallTable(),
    attach,
    // rfork fills the child's state in, knowing what it shares.
    fork: () => {},
    start,
    fault: (thread, exit) => {
      thread.lastFault = exit;
      const { text, isLoadError, ...trap } = trapNoteOf(thread, exit);
      if (isLoadError) {
        const message = `sys: i/o error in demand load accessing ${thread.process.program.executable}`;
        complain(thread, `suicide: ${message}`);
        endWith(thread, message);
        return;
      }
      postNote(thread.process, text, 'debug');
      deliverNote(thread, trap);
    },
    beforeResume: (thread) => deliverNote(thread),
    threadEnded: () => {},
    processEnded: (process) => {
      const state = findState(process);
      if (state === undefined) return;
      state.alarm?.cancel();
      leaveSegments(process, state);
      leaveRecord(process);
    },
    foreignChildEnded: (child) => {
      const state = findState(child);
      // One that this family started and that became another's: its number is its status.
      if (state === undefined || child.exitStatus === undefined) return;
      state.exitText = exitTextOf(child.exitStatus);
      leaveRecord(child);
    },
    describeError: (_errno, thread) => findState(thread.process)?.errorText ?? '',
  };
}

/** State of a process nobody of this family started: the first one, or one of another system that execs a Plan 9 program. */
function attach(process: Process, thread: Thread): void {
  const environment = environmentFrom(process.program.environment);
  const variable = environment.variables.get('user') ?? environment.variables.get('USER');
  const user = variable === undefined ? '' : fromBytes(variable.bytes).replace(/\0+$/, '');
  const slash = rootPlace(thread);
  const { clock } = thread.host;
  const state: Plan9Process = {
    errorText: '',
    detail: undefined,
    text: '',
    arguments: undefined,
    user: user === '' ? DEFAULT_USER : user,
    tos: 0,
    wordBytes: 8,
    segments: [],
    notes: createNoteState(),
    noteGroup: process.id,
    nameSpace: new NameSpace(),
    environment,
    rendezvous: new RendezvousGroup(),
    dot: slash,
    slash,
    mayMount: true,
    clock,
    startedAt: Math.floor(clock.monotonic() / NANOSECONDS_PER_MILLISECOND),
    livingChildren: 0,
    waitRecords: [],
    waiter: undefined,
    alarm: undefined,
    exitText: undefined,
  };
  // Walks ask for the state of whoever walks, so the name space comes when there is one.
  adopt(process, state);
  state.nameSpace = firstNameSpace(thread);
  const dot = walkTo(thread, process.place.workingDirectory);
  state.dot = typeof dot === 'number' ? state.nameSpace.follow(slash) : dot;
  state.detail = undefined;
  if (process.parent === undefined) forwardHostSignals(thread.kernel, process);
}

/** Variables from the strings other systems have. */
function environmentFrom(strings: readonly string[]): EnvironmentGroup {
  const group = new EnvironmentGroup();
  for (const string of strings) {
    const equals = string.indexOf('=');
    const name = string.slice(0, equals);
    if (equals > 0 && !name.includes('/')) group.create(name).bytes = toBytes(string.slice(equals + 1));
  }
  return group;
}

/** Variables that every process of a running system has, unless the outside says otherwise. */
function provideVariables({ environment, user }: Plan9Process, { host }: Thread, machine: string): void {
  const known = { cputype: machine, objtype: machine, service: 'terminal', sysname: host.hostName, user };
  for (const [name, value] of Object.entries(known)) {
    if (!environment.variables.has(name)) environment.create(name).bytes = toBytes(value);
  }
}

/** exec: what a new program finds. Handler and notes go, the groups and the descriptors stay (exec(2)). */
function start(thread: Thread, program: LoadedProgram): void {
  const { cpu, process, user } = thread;
  const state = stateOf(process);
  const { image, space } = program;
  if (image === undefined) throw new TypeError('A Plan 9 program was loaded without its borders.');
  const isNarrow = program.abi === 'i386';
  leaveSegments(process, state);
  const { marks, brk } = image;
  const [stack] = space.areas.slice(-1);
  state.segments = programSegments(process, {
    textStart: marks.startCode,
    textEnd: marks.endCode,
    dataStart: marks.startData,
    dataEnd: marks.endData,
    end: brk,
    stackStart: stack.start,
    stackEnd: stack.end,
  });
  Object.assign(state.notes, createNoteState());
  state.notes.floatingPoint.clear();
  state.arguments = undefined;
  // What the first process finds of boot(8) and init(8); Go takes an empty environment for one that was never read.
  if (state.tos === 0) provideVariables(state, thread, isNarrow ? '386' : 'amd64');
  state.wordBytes = isNarrow ? 4 : 8;
  state.tos = Number(image.registers.rax ?? 0n);
  // Where a Plan 9 program started it, exec has named it: a script has its own name, not its interpreter's.
  state.text = thread.call?.row.name === EXEC && state.text !== '' ? state.text : lastElement(program.commandName);
  cpu.mode = isNarrow ? 32 : 64;
  cpu.rip = program.entry;
  cpu.setRegister(Register.Rsp, BigInt(program.stackPointer));
  cpu.setRegister(Register.Rax, BigInt(state.tos));
  if (image.floatingPoint !== undefined) startFloatingPoint(cpu, image.floatingPoint);
  user.writeU32(state.tos + tosOffsets(state.wordBytes).pid, process.id);
}
