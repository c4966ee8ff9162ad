// The terminal line discipline (man 3 termios): line editing, echo, signals from keys, newline conversion.

/** The switches of termios that this discipline acts on. */
export interface TerminalModes {
  /** ICANON: input arrives by lines and can be edited. */
  readonly canonical: boolean;
  /** ECHO. */
  readonly echo: boolean;
  /** ISIG: ^C, ^\ and ^Z are signals. */
  readonly signals: boolean;
  /** ICRNL: Return arrives as a newline. */
  readonly returnToNewline: boolean;
  /** OPOST with ONLCR: a newline goes out as return and newline. */
  readonly newlineToReturn: boolean;
  /** Without ICANON, VMIN and VTIME of 0: a read without input is at its end at once. */
  readonly returnsAtOnce?: boolean;
  /** ECHONL: a newline is shown even without ECHO. */
  readonly echoNewline?: boolean;
}

/** What a terminal starts with. */
export const COOKED_MODES: TerminalModes = {
  canonical: true,
  echo: true,
  signals: true,
  returnToNewline: true,
  newlineToReturn: true,
};

/** Keys that mean a signal. */
export type TerminalKey = 'interrupt' | 'quit' | 'suspend';

const KEYS = { 3: 'interrupt', 28: 'quit', 26: 'suspend' } as const;
const ERASE = 127;
const BACKSPACE = 8;
const KILL_LINE = 21;
const END_OF_FILE = 4;
const NEWLINE = 10;

/** Editing state of one terminal. */
export class LineDiscipline {
  modes: TerminalModes = COOKED_MODES;
  readonly #echo: (bytes: Uint8Array) => void;
  readonly #onKey: (key: TerminalKey) => void;
  #line: number[] = [];
  /** Complete chunks: lines in canonical mode (an empty one is an end of file), anything in raw mode. */
  #ready: number[][] = [];
  /** The last chunk came in raw mode, so that more bytes join it. */
  #isLastRaw = false;

  constructor(echo: (bytes: Uint8Array) => void, onKey: (key: TerminalKey) => void) {
    this.#echo = echo;
    this.#onKey = onKey;
  }

  get isReadable(): boolean {
    return this.#ready.length > 0;
  }

  get available(): number {
    return this.#ready.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Bytes from the keyboard. */
  type(bytes: Uint8Array): void {
    for (const byte of bytes) this.#key(byte === 13 && this.modes.returnToNewline ? NEWLINE : byte);
  }

  /** Fills `target` from what is ready: its length, 0 for an end of file, undefined when nothing is there. */
  take(target: Uint8Array): number | undefined {
    const chunk = this.#ready[0];
    if (chunk === undefined) return this.modes.returnsAtOnce ? 0 : undefined;
    const count = Math.min(chunk.length, target.length);
    target.set(chunk.slice(0, count));
    if (count === chunk.length) this.#ready.shift();
    else chunk.splice(0, count);
    return count;
  }

  /** What was typed and not read is forgotten (TCIFLUSH). */
  discard(): void {
    this.#line = [];
    this.#ready = [];
  }

  /** Output as the terminal must see it. */
  cook(bytes: Uint8Array): Uint8Array {
    if (!this.modes.newlineToReturn || !bytes.includes(NEWLINE)) return bytes;
    const cooked: number[] = [];
    for (const byte of bytes) {
      if (byte === NEWLINE) cooked.push(13);
      cooked.push(byte);
    }
    return Uint8Array.from(cooked);
  }

  #key(byte: number): void {
    const { modes } = this;
    const signal = KEYS[byte as keyof typeof KEYS];
    if (modes.signals && signal !== undefined) {
      this.#line = [];
      this.#show([94, byte + 64, NEWLINE]);
      this.#onKey(signal);
      return;
    }
    if (!modes.canonical) {
      const last = this.#ready.at(-1);
      if (this.#isLastRaw && last !== undefined) last.push(byte);
      else this.#ready.push([byte]);
      this.#isLastRaw = true;
      this.#show([byte]);
      return;
    }
    if (byte === ERASE || byte === BACKSPACE) this.#erase(1);
    else if (byte === KILL_LINE) this.#erase(this.#line.length);
    else if (byte === END_OF_FILE) this.#finish();
    else {
      this.#line.push(byte);
      this.#show(byte < 32 && byte !== NEWLINE && byte !== 9 ? [94, byte + 64] : [byte]);
      if (byte === NEWLINE && !this.modes.echo && this.modes.echoNewline) this.#echo(this.cook(Uint8Array.of(byte)));
      if (byte === NEWLINE) this.#finish();
    }
  }

  #erase(count: number): void {
    for (let left = Math.min(count, this.#line.length); left > 0; left--) {
      this.#line.pop();
      this.#show([BACKSPACE, 32, BACKSPACE]);
    }
  }

  #finish(): void {
    this.#ready.push(this.#line);
    this.#isLastRaw = false;
    this.#line = [];
  }

  #show(bytes: number[]): void {
    if (this.modes.echo) this.#echo(this.cook(Uint8Array.from(bytes)));
  }
}
