// Runs Plan 9 programs on a machine in memory.
import { createMachine, createMemoryHost, type MachineOptions } from '../index.ts';

/** What a run left behind. */
export interface Plan9Run {
  readonly output: string;
  readonly error: string;
  readonly outcome: Awaited<ReturnType<ReturnType<typeof createMachine>['run']>>;
  readonly trace: readonly string[];
  readonly machine: ReturnType<typeof createMachine>;
}

/** Calls of a trace on one line each, also those during which others ran: "name(arguments) = result" where the result came last. */
export function wholeCalls(trace: readonly string[], name: string): string[] {
  const begun: { readonly thread: string; readonly start: string }[] = [];
  const whole: string[] = [];
  for (const line of trace) {
    const [, thread = '', text] = /^(?:\[pid +(\d+)\] )?(.*)$/.exec(line) as RegExpExecArray;
    const start = /^(\w+\(.*) <unfinished \.\.\.>$/.exec(text)?.[1];
    const [, resumed, end] = /^<\.\.\. (\w+) resumed>(.*)$/.exec(text) ?? [];
    if (start !== undefined) begun.push({ thread, start });
    // Lines have no thread's number while there is one thread only.
    const own = begun.findLastIndex(
      (each) => each.start.startsWith(`${resumed}(`) && [thread, ''].includes(each.thread),
    );
    if (resumed !== undefined) whole.push(`${begun.splice(own, 1)[0]?.start}${end}`.replace(/ +/g, ' '));
    else if (start === undefined) whole.push(text.replace(/ +/g, ' '));
  }
  return whole.filter((line) => line.startsWith(`${name}(`));
}

/** Runs `/bin/program` of `files`, or the program given as bytes. */
export async function runPlan9(
  program: Uint8Array,
  request: {
    readonly arguments?: readonly string[];
    readonly environment?: readonly string[];
    readonly files?: Readonly<Record<string, Uint8Array>>;
    readonly input?: Uint8Array;
    readonly options?: Partial<MachineOptions>;
    readonly shouldStop?: () => boolean;
  } = {},
): Promise<Plan9Run> {
  let output = '';
  let error = '';
  const trace: string[] = [];
  const host = createMemoryHost({
    files: { '/bin/program': program, ...request.files },
    input: request.input,
    onOutput: (bytes) => {
      output += String.fromCharCode(...bytes);
    },
    onError: (bytes) => {
      error += String.fromCharCode(...bytes);
    },
  });
  const machine = createMachine({ host, trace: (line) => trace.push(line), ...request.options });
  const outcome = await machine.run({
    path: '/bin/program',
    arguments: request.arguments ?? ['program'],
    environment: request.environment,
    shouldStop: request.shouldStop,
  });
  return { output, error, outcome, trace, machine };
}
