// The page's side of a run: a worker for each program, so that the page stays responsive and a run can be stopped.
import type { RunReport, RunRequest } from './worker-messages.ts';

/** A program that runs. */
export interface GuestRun {
  /** Ends the worker at once. */
  stop(): void;
}

/** Starts a program in a worker of its own; `report` gets everything it says. */
export function runInWorker(request: RunRequest, report: (message: RunReport) => void): GuestRun {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  worker.addEventListener('message', (event: MessageEvent<RunReport>) => {
    report(event.data);
    if (event.data.kind !== 'output') worker.terminate();
  });
  worker.addEventListener('error', (event) => {
    report({ kind: 'failed', message: event.message || 'The worker could not be started.' });
    worker.terminate();
  });
  worker.postMessage(request);
  return { stop: () => worker.terminate() };
}
