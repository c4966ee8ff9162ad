// The worker that runs one guest program on a machine of its own and reports what it prints.
import { type WebScope, webClock, webEntropy } from '@elf/kernel/web';
import { createMachine, createMemoryHost, describeRefusal, formatCrashReport, type ProgramOutcome } from '@elf/machine';
import type { RunReport, RunRequest } from './worker-messages.ts';

const post = (report: RunReport): void => self.postMessage(report);

/** Names are the shell's: what a person would read after the program ended. */
function summaryOf(outcome: ProgramOutcome): string {
  switch (outcome.kind) {
    case 'exited':
      return `exit status ${outcome.code}`;
    case 'signaled':
      return `killed by signal ${outcome.signal}`;
    case 'stopped':
      return 'stopped';
    case 'stalled':
      return 'every thread waits for something that will not happen';
    default:
      return describeRefusal(outcome);
  }
}

async function runProgram({ program, arguments: words }: RunRequest): Promise<void> {
  const path = '/program';
  const print = (bytes: Uint8Array) => post({ kind: 'output', bytes: bytes.slice() });
  const scope = self as unknown as WebScope;
  const host = createMemoryHost({
    files: { [path]: program },
    clock: webClock(scope),
    entropy: webEntropy(scope),
    onOutput: print,
    onError: print,
  });
  const machine = createMachine({
    host,
    onCrash: (report) => print(new TextEncoder().encode(formatCrashReport(report))),
  });
  const started = performance.now();
  const outcome = await machine.run({ path, arguments: words });
  const milliseconds = Math.round(performance.now() - started);
  const cost = `${machine.instructions.toLocaleString('en')} instructions in ${milliseconds} ms`;
  post({ kind: 'ended', summary: `${summaryOf(outcome)}, ${cost}` });
}

self.addEventListener('message', (event: MessageEvent<RunRequest>) => {
  runProgram(event.data).catch((error: unknown) => {
    post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
  });
});
