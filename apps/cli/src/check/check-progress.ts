// The progress bar of `elf check`: on a terminal only, and only for work of more than half a second.
import { Presets, SingleBar } from 'cli-progress';
import { printable } from '../readelf/printable-text.ts';
import type { InputProgress } from './check-inputs.ts';

const PATIENCE_MS = 500;
/** Drawing costs more than checking a file. */
const REDRAWS_A_SECOND = 8;
const PATH_COLUMNS = 40;

/** Progress that can be taken off the screen. */
export interface CheckProgress extends InputProgress {
  /** Removes the bar, so that a message can be written; the next file draws it again. */
  clear(): void;
  stop(): void;
}

/** No bar: output is not a terminal. */
export const NO_PROGRESS: CheckProgress = {
  found: () => undefined,
  done: () => undefined,
  clear: () => undefined,
  stop: () => undefined,
};

/** A bar on `stream`, which is a terminal. */
export function progressBar(stream: NodeJS.WritableStream, now: () => number = () => performance.now()): CheckProgress {
  const started = now();
  let total = 0;
  let done = 0;
  let bar: SingleBar | undefined;
  let drawnAt = 0;
  const clear = () => {
    bar?.stop();
    bar = undefined;
  };
  return {
    found(files) {
      total += files;
    },
    done(path) {
      done++;
      const time = now();
      if (time - started < PATIENCE_MS || time - drawnAt < 1000 / REDRAWS_A_SECOND) return;
      drawnAt = time;
      const name = printable(path);
      const shown = name.length > PATH_COLUMNS ? `...${name.slice(3 - PATH_COLUMNS)}` : name;
      if (bar === undefined) {
        const format = '{bar} {value}/{total} {path}';
        bar = new SingleBar(
          { format, stream, clearOnComplete: true, hideCursor: true, linewrap: false },
          Presets.shades_classic,
        );
        bar.start(total, done, { path: shown });
      } else {
        bar.setTotal(total);
        bar.update(done, { path: shown });
      }
    },
    clear,
    stop: clear,
  };
}
