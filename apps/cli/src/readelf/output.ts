// A buffer between the printers and stdout: text leaves in large pieces, so a symbol table of a million lines is never held whole.

/** Where the command writes; the caller maps it to the process or to a test's strings. */
export interface TextStreams {
  stdout(text: string): void;
  stderr(text: string): void;
}

// One write call per 64 Ki characters keeps the number of system calls as low as stdio's own buffering would.
const FLUSH_AT = 0x1_0000;

/** Collects text and passes it on in pieces. Messages to stderr flush first, so that the two stay in order on a terminal. */
export class Output {
  readonly #streams: TextStreams;
  #pending = '';

  constructor(streams: TextStreams) {
    this.#streams = streams;
  }

  write(text: string): void {
    this.#pending += text;
    if (this.#pending.length >= FLUSH_AT) this.flush();
  }

  message(text: string): void {
    this.flush();
    this.#streams.stderr(text);
  }

  flush(): void {
    if (this.#pending.length > 0) this.#streams.stdout(this.#pending);
    this.#pending = '';
  }
}
