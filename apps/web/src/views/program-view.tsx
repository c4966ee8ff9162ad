// Running the built-in program: its arguments, a button and a terminal.
import { signal } from '@preact/signals';
import { Terminal } from '@xterm/xterm';
import { useEffect, useRef } from 'preact/hooks';
import { type GuestRun, runInWorker } from '../guest-runner.ts';
import type { RunReport } from '../worker-messages.ts';
import '@xterm/xterm/css/xterm.css';

/** Props of {@link ProgramView}. */
export interface ProgramViewProps {
  /** Gives the built-in program as a file. */
  readonly builtIn: () => Promise<File>;
}

const argumentText = signal('one two');
const current = signal<GuestRun | undefined>(undefined);
const status = signal('not started');

/** The lower half of the page. */
export function ProgramView({ builtIn }: ProgramViewProps) {
  const holder = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal>();
  useEffect(() => {
    const created = new Terminal({
      rows: 12,
      convertEol: true,
      screenReaderMode: true,
      disableStdin: true,
      fontSize: 14,
    });
    created.open(holder.current!);
    terminal.current = created;
    return () => created.dispose();
  }, []);

  const receive = (message: RunReport) => {
    if (message.kind === 'output') return terminal.current?.write(message.bytes);
    status.value = message.kind === 'ended' ? message.summary : `failed: ${message.message}`;
    current.value = undefined;
  };
  const start = async () => {
    status.value = 'running';
    const file = await builtIn();
    const words = argumentText.value.split(/\s+/).filter(Boolean);
    terminal.current?.reset();
    const program = new Uint8Array(await file.arrayBuffer());
    current.value = runInWorker({ program, arguments: [file.name, ...words] }, receive);
  };
  const stop = () => {
    current.value?.stop();
    current.value = undefined;
    status.value = 'stopped';
  };

  return (
    <section aria-labelledby="run-title">
      <h2 id="run-title">Run a program</h2>
      <p>
        The built-in program is an unmodified Linux x86-64 executable. A worker loads it as Linux would and runs its
        instructions in WebAssembly.
      </p>
      <form
        class="controls"
        onSubmit={(event) => {
          event.preventDefault();
          void start();
        }}
      >
        <label>
          Arguments{' '}
          <input
            value={argumentText.value}
            onInput={(event) => {
              argumentText.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit" disabled={current.value !== undefined}>
          Run hello
        </button>
        <button type="button" disabled={current.value === undefined} onClick={stop}>
          Stop
        </button>
        <output data-testid="status">{status.value}</output>
      </form>
      <div class="terminal" ref={holder} data-testid="terminal" />
    </section>
  );
}
