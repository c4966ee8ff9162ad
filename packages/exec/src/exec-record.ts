// The step-by-step record of one execve: what was looked at, in which kernel function, and what was decided.

/** A value shown in a step: numbers are sizes or counts, bigints and hex strings are addresses. */
export type ExecInput = string | number | bigint | boolean;

/** One step of the story. */
export interface ExecStep {
  /** Short name: "open", "read header", "map segment 1", ... */
  readonly step: string;
  /** The kernel function that does this, so that the reader can open the source beside it. */
  readonly kernelFunction: string;
  /** What the decision was made from. */
  readonly inputs: Readonly<Record<string, ExecInput>>;
  /** What was decided, as a sentence. */
  readonly decision: string;
  /** Set when the step refused. */
  readonly errno?: number;
}

/** Why an image was refused: a stable rule name and a sentence for people. */
export interface Refusal {
  readonly rule: string;
  readonly sentence: string;
}

/**
 * Collects steps in order.
 * @example
 * const record = new ExecRecord();
 * record.add({ step: 'open', kernelFunction: 'do_open_execat', inputs: { path: '/bin/true' }, decision: 'opened' });
 */
export class ExecRecord {
  readonly steps: ExecStep[] = [];
  readonly #names: Readonly<Record<string, string>>;

  /** @param names a kernel's own names for the Linux functions that steps speak of. */
  constructor(names: Readonly<Record<string, string>> = {}) {
    this.#names = names;
  }

  /** Appends a step. */
  add(step: ExecStep): void {
    const { kernelFunction } = step;
    this.steps.push({ ...step, kernelFunction: this.#names[kernelFunction] ?? kernelFunction });
  }
}

/** An address or offset as people read it, for the inputs of steps and for sentences; negative ones with a minus sign. */
export function hex(value: number | bigint): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}
