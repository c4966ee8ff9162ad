// Choosing a file (drop, picker or the built-in one) and what is shown of it.
import { ParseError } from '@elf/parse';
import { signal } from '@preact/signals';
import { type Inspection, inspect } from '../inspection.ts';
import { LayoutPicture } from './layout-picture.tsx';
import { SegmentTable } from './segment-table.tsx';

type State = { readonly inspection?: Inspection; readonly message?: string };

/** Props of {@link FileView}. */
export interface FileViewProps {
  /** Gives the built-in program as a file. */
  readonly builtIn: () => Promise<File>;
}

const state = signal<State>({});
const isOver = signal(false);

async function open(file: File | undefined): Promise<void> {
  if (!file) return;
  state.value = { message: `Reading ${file.name} ...` };
  try {
    state.value = { inspection: await inspect(file) };
  } catch (error) {
    if (!ParseError.isInstance(error)) throw error;
    state.value = { message: `${error.message} (offset ${error.offset})` };
  }
}

/** The upper half of the page. */
export function FileView({ builtIn }: FileViewProps) {
  const { inspection, message } = state.value;
  return (
    <section aria-labelledby="inspect-title">
      <h2 id="inspect-title">Look into a file</h2>
      <label
        class={isOver.value ? 'drop over' : 'drop'}
        data-testid="drop"
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => {
          isOver.value = false;
        }}
        onDrop={(event) => {
          event.preventDefault();
          isOver.value = false;
          void open(event.dataTransfer?.files[0]);
        }}
      >
        <span>
          Drop an executable, library, object or core file here, or <u>choose one</u>. It never leaves this page.
        </span>
        <input type="file" onChange={(event) => void open(event.currentTarget.files?.[0])} />
      </label>
      <p>
        Nothing at hand?{' '}
        <button type="button" onClick={async () => open(await builtIn())}>
          Look into the built-in program
        </button>
      </p>
      <div aria-live="polite">{message && <p class="message">{message}</p>}</div>
      {inspection && <Result inspection={inspection} />}
    </section>
  );
}

function Result({ inspection }: { inspection: Inspection }) {
  const { name, sizeInBytes, bytesRead, facts, segments, problems } = inspection;
  return (
    <>
      <h3>{name}</h3>
      <p class="quiet" data-testid="read">
        {bytesRead.toLocaleString('en')} of {sizeInBytes.toLocaleString('en')} bytes were read to show this.
      </p>
      {problems.length > 0 && (
        <ul class="problems">
          {problems.map((problem) => (
            <li key={problem}>{problem}</li>
          ))}
        </ul>
      )}
      <dl class="facts">
        {facts.map(([term, value]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <LayoutPicture segments={segments} sizeInBytes={sizeInBytes} />
      <SegmentTable segments={segments} />
    </>
  );
}
