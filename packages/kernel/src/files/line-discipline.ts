// The terminal line discipline (man 3 termios; drivers/tty/n_tty.c of Linux): line editing, echo, signals from keys, flow control, conversions.
import { OutputProcessor, isControl, isContinuation } from './terminal-output.ts';

/** Control characters by what they do; 0 turns one off (_POSIX_VDISABLE). */
export interface TerminalKeys {
  readonly interrupt: number;
  readonly quit: number;
  readonly suspend: number;
  readonly erase: number;
  readonly eraseWord: number;
  readonly eraseLine: number;
  readonly endOfFile: number;
  readonly endOfLine: number;
  readonly otherEndOfLine: number;
  readonly reprint: number;
  readonly literalNext: number;
  readonly start: number;
  readonly stop: number;
}

/** The switches of termios that this discipline acts on. */
export interface TerminalModes {
  /** ICANON: input arrives by lines and can be edited. */
  readonly canonical: boolean;
  /** ECHO. */
  readonly echo: boolean;
  /** ISIG: the keys for interrupt, quit and suspend are signals. */
  readonly signals: boolean;
  /** ICRNL: Return arrives as a newline. */
  readonly returnToNewline: boolean;
  /** ONLCR: a newline goes out as return and newline. */
  readonly newlineToReturn: boolean;
  /** IGNCR, INLCR and ISTRIP. */
  readonly ignoresReturn: boolean;
  readonly typedNewlineToReturn: boolean;
  readonly stripsEighthBit: boolean;
  /** IXON and IXANY: keys stop and start the output. */
  readonly flowControl: boolean;
  readonly anyKeyStarts: boolean;
  /** IUTF8: erasing takes whole characters. */
  readonly isUtf8: boolean;
  /** IEXTEN: word erase, reprint, literal next. */
  readonly extended: boolean;
  /** ECHOE, ECHOK, ECHOKE, ECHONL and ECHOCTL. */
  readonly echoErase: boolean;
  readonly echoKill: boolean;
  readonly echoKillErases: boolean;
  readonly echoNewline: boolean;
  readonly echoControl: boolean;
  /** NOFLSH: keys that are signals leave the queues alone. */
  readonly keepsQueues: boolean;
  /** OPOST: without it output goes out as it is. */
  readonly processesOutput: boolean;
  /** OCRNL, ONOCR, ONLRET and XTABS. */
  readonly writtenReturnToNewline: boolean;
  readonly dropsReturnAtStart: boolean;
  readonly newlineReturns: boolean;
  readonly expandsTabs: boolean;
  /** VMIN: bytes that a read without ICANON waits for. */
  readonly minimum: number;
  /** VTIME, in tenths of a second. */
  readonly patience: number;
  readonly keys: TerminalKeys;
}

/** What a terminal starts with (tty_std_termios). */
export const COOKED_MODES: TerminalModes = {
  ...{ canonical: true, echo: true, signals: true, returnToNewline: true, newlineToReturn: true },
  ...{ ignoresReturn: false, typedNewlineToReturn: false, stripsEighthBit: false, flowControl: true },
  ...{ anyKeyStarts: false, isUtf8: false, extended: true, echoErase: true, echoKill: true, echoKillErases: true },
  ...{ echoNewline: false, echoControl: true, keepsQueues: false, processesOutput: true },
  ...{ writtenReturnToNewline: false, dropsReturnAtStart: false, newlineReturns: false, expandsTabs: false },
  ...{ minimum: 1, patience: 0 },
  keys: {
    ...{ interrupt: 3, quit: 28, suspend: 26, erase: 127, eraseWord: 23, eraseLine: 21, endOfFile: 4, endOfLine: 0 },
    ...{ otherEndOfLine: 0, reprint: 18, literalNext: 22, start: 17, stop: 19 },
  },
};

/** Keys that mean a signal. */
export type TerminalKey = 'interrupt' | 'quit' | 'suspend';

const SIGNAL_KEYS: readonly TerminalKey[] = ['interrupt', 'quit', 'suspend'];
const [BELL, BACKSPACE, TAB, NEWLINE, RETURN, SPACE, CARET] = [7, 8, 9, 10, 13, 32, 94];
/** N_TTY_BUF_SIZE, of which one place stays free for the newline. // not a page size: a queue's length */
const QUEUE_BYTES = 4096; // not a page size: the queue of n_tty.c

/** Who hears what a terminal's keys do. */
export interface LineDisciplineParts {
  /** Bytes for whoever looks at the terminal. */
  readonly echo: (bytes: Uint8Array) => void;
  readonly onKey: (key: TerminalKey) => void;
  /** Output that waits is thrown away. */
  readonly onDiscardOutput?: () => void;
  /** Output was stopped or started by a key. */
  readonly onFlow?: (isStopped: boolean) => void;
}

/** Editing state of one terminal. */
export class LineDiscipline {
  /** Output waits until it is started again. */
  isStopped = false;
  readonly #parts: LineDisciplineParts;
  readonly #output = new OutputProcessor();
  #modes = COOKED_MODES;
  /** What can be edited; without ICANON all that was typed. */
  #line: number[] = [];
  /** Whole lines; an empty one is an end of file. */
  #ready: number[][] = [];
  #isLiteral = false;
  /** Column in which the echo of the line begins. */
  #lineColumn = 0;

  constructor(parts: LineDisciplineParts) {
    this.#parts = parts;
  }

  get modes(): TerminalModes {
    return this.#modes;
  }

  /** With ICANON turned on or off, what is waiting can be read at once (n_tty_set_termios). */
  set modes(wanted: TerminalModes) {
    const wasCanonical = this.#modes.canonical;
    this.#modes = wanted;
    if (!wanted.flowControl && this.isStopped) this.stop(false);
    if (wanted.canonical === wasCanonical) return;
    const waiting = [...this.#ready.flat(), ...this.#line];
    this.#line = wanted.canonical ? [] : waiting;
    this.#ready = wanted.canonical && waiting.length > 0 ? [waiting] : [];
  }

  get isReadable(): boolean {
    const { canonical, minimum, patience } = this.#modes;
    if (canonical) return this.#ready.length > 0;
    return this.#line.length >= (patience === 0 ? Math.max(1, minimum) : 1);
  }

  get available(): number {
    return this.#modes.canonical ? this.#ready.reduce((sum, line) => sum + line.length, 0) : this.#line.length;
  }

  /** Bytes that can be typed before somebody has to read; a line that is being edited swallows any number. */
  get room(): number {
    const waiting = this.available;
    if (this.#modes.canonical && waiting === 0) return QUEUE_BYTES;
    return Math.max(0, QUEUE_BYTES - 1 - waiting);
  }

  /** Bytes from the keyboard. */
  type(bytes: Uint8Array): void {
    for (const byte of bytes) this.#key(this.#modes.stripsEighthBit ? byte & 0x7f : byte);
  }

  /**
   * Fills `target` from what is ready: its length, 0 for an end of file, undefined when a read has to wait. A reader whose time is up
   * (`isLate`, VTIME) takes what is there. The time between bytes is taken for passed as soon as one byte is there.
   */
  take(target: Uint8Array, isLate = false): number | undefined {
    const { canonical, minimum, patience } = this.#modes;
    if (canonical) {
      const line = this.#ready[0];
      if (line === undefined) return undefined;
      const count = move(line, target);
      if (line.length === 0) this.#ready.shift();
      return count;
    }
    const wanted = patience > 0 || minimum === 0 ? Math.min(minimum, 1) : Math.min(minimum, target.length);
    const mustWait = this.#line.length < wanted || (minimum === 0 && patience > 0 && this.#line.length === 0);
    return mustWait && !isLate ? undefined : move(this.#line, target);
  }

  /** What was typed and not read is forgotten (TCIFLUSH). */
  discard(): void {
    this.#line = [];
    this.#ready = [];
    this.#isLiteral = false;
  }

  /** Stops or starts the output (TCOOFF, TCOON). */
  stop(isStopped: boolean): void {
    if (this.isStopped === isStopped) return;
    this.isStopped = isStopped;
    this.#parts.onFlow?.(isStopped);
  }

  /** Output as the terminal must see it. */
  cook(bytes: Uint8Array): Uint8Array {
    return this.#output.cook(bytes, this.#modes);
  }

  #key(byte: number): void {
    const { modes } = this;
    if (this.#isLiteral) {
      this.#isLiteral = false;
      this.#insert(byte);
      return;
    }
    if (modes.flowControl && byte !== 0) {
      if (byte === modes.keys.start || byte === modes.keys.stop) {
        this.stop(byte === modes.keys.stop && byte !== modes.keys.start);
        return;
      }
    }
    const signal = modes.signals && byte !== 0 ? SIGNAL_KEYS.find((key) => modes.keys[key] === byte) : undefined;
    if (signal !== undefined) {
      this.#signal(signal, byte);
      return;
    }
    if (modes.flowControl && modes.anyKeyStarts) this.stop(false);
    let typed = byte;
    if (byte === RETURN) {
      if (modes.ignoresReturn) return;
      if (modes.returnToNewline) typed = NEWLINE;
    } else if (byte === NEWLINE && modes.typedNewlineToReturn) typed = RETURN;
    if (modes.canonical && this.#edit(typed)) return;
    this.#insert(typed, typed === NEWLINE && byte === RETURN);
  }

  /** A key that is a signal throws both queues away and is shown after that (n_tty.c, isig). */
  #signal(key: TerminalKey, byte: number): void {
    const { modes } = this;
    this.#parts.onKey(key);
    if (!modes.keepsQueues) {
      this.#parts.onDiscardOutput?.();
      this.discard();
    }
    if (modes.flowControl) this.stop(false);
    this.#show(byte);
  }

  /** What a key means while a line is edited; false for one that is part of the line. */
  #edit(byte: number): boolean {
    const { modes } = this;
    const { keys } = modes;
    if (byte === NEWLINE) {
      if (modes.echo || modes.echoNewline) this.#send([NEWLINE]);
      this.#line.push(byte);
      this.#finish();
      return true;
    }
    if (byte === 0) return false;
    if (byte === keys.endOfFile) {
      this.#finish();
      return true;
    }
    if (byte === keys.endOfLine || (byte === keys.otherEndOfLine && modes.extended)) {
      this.#insert(byte);
      this.#finish();
      return true;
    }
    if (byte === keys.erase) this.#erase('character');
    else if (byte === keys.eraseLine) this.#eraseLine();
    else if (!modes.extended) return false;
    else if (byte === keys.eraseWord) this.#erase('word');
    else if (byte === keys.literalNext) {
      this.#isLiteral = true;
      if (modes.echo && modes.echoControl) this.#send([CARET, BACKSPACE]);
    } else if (byte === keys.reprint && modes.echo) {
      this.#show(byte);
      this.#send([NEWLINE]);
      for (const each of this.#line) this.#show(each);
    } else return false;
    return true;
  }

  /** Joins the line; a newline that was typed as Return is shown as one, others as ^J. */
  #insert(byte: number, isReturn = false): void {
    // A line that fills the queue loses what follows; a newline still ends it.
    if (this.#line.length >= QUEUE_BYTES - 1) {
      if (this.#modes.canonical) this.#send([BELL]);
      return;
    }
    if (this.#line.length === 0) this.#lineColumn = this.#output.column;
    this.#line.push(byte);
    if (!isReturn) this.#show(byte);
    else if (this.#modes.echo) this.#send([byte]);
  }

  #finish(): void {
    this.#ready.push(this.#line);
    this.#line = [];
  }

  #eraseLine(): void {
    const { echo, echoErase, echoKill, echoKillErases, keys } = this.#modes;
    if (this.#line.length === 0) return;
    if (echo && echoErase && echoKill && echoKillErases) {
      this.#erase('line');
      return;
    }
    this.#line = [];
    this.#show(keys.eraseLine);
    if (echo && echoKill) this.#send([NEWLINE]);
  }

  #erase(extent: 'character' | 'word' | 'line'): void {
    const { modes } = this;
    let seenWord = false;
    while (this.#line.length > 0) {
      const length = this.#lengthOfLast();
      const byte = this.#line[this.#line.length - length];
      if (extent === 'word') {
        const isWord = isWordByte(byte);
        if (seenWord && !isWord) break;
        seenWord ||= isWord;
      }
      this.#line.length -= length;
      if (modes.echo) this.#showErased(byte, extent);
      if (extent === 'character') break;
    }
  }

  #lengthOfLast(): number {
    let length = 1;
    if (this.#modes.isUtf8)
      while (length < this.#line.length && isContinuation(this.#line[this.#line.length - length])) length++;
    return length;
  }

  #showErased(byte: number, extent: 'character' | 'word' | 'line'): void {
    const { echoErase, echoControl, keys } = this.#modes;
    if (extent === 'character' && !echoErase) {
      this.#show(keys.erase);
      return;
    }
    if (byte === TAB) {
      this.#send(new Array(8 - (this.#columnsOfLine() & 7)).fill(BACKSPACE));
      return;
    }
    const wipe = [BACKSPACE, SPACE, BACKSPACE];
    if (isControl(byte)) this.#send(echoControl ? [...wipe, ...wipe] : []);
    else this.#send(wipe);
  }

  /** Columns up to the end of the line, counted from the last tab before it. */
  #columnsOfLine(): number {
    const from = this.#line.lastIndexOf(TAB) + 1;
    let columns = from === 0 ? this.#lineColumn : 0;
    for (const byte of this.#line.slice(from)) {
      if (isControl(byte)) columns += this.#modes.echoControl ? 2 : 0;
      else if (!this.#modes.isUtf8 || !isContinuation(byte)) columns++;
    }
    return columns;
  }

  /** Shows a typed byte, a control character as ^X (n_tty.c, echo_char). */
  #show(byte: number): void {
    if (!this.#modes.echo) return;
    const isMarked = this.#modes.echoControl && isControl(byte) && byte !== TAB;
    this.#send(isMarked ? [CARET, byte ^ 0x40] : [byte]);
  }

  #send(bytes: readonly number[]): void {
    if (bytes.length > 0) this.#parts.echo(this.cook(Uint8Array.from(bytes)));
  }
}

/** Takes bytes from the front of a list. */
function move(from: number[], target: Uint8Array): number {
  const taken = from.splice(0, Math.min(from.length, target.length));
  target.set(taken);
  return taken.length;
}

function isWordByte(byte: number): boolean {
  return /\w/.test(String.fromCharCode(byte)) || byte >= 0x80;
}
