// What a terminal does with output before anybody sees it (OPOST of man 3 termios), with the column it leads to.

/** The switches of output. */
export interface OutputModes {
  /** OPOST: without it output goes out as it is. */
  readonly processesOutput: boolean;
  /** ONLCR, OCRNL, ONOCR, ONLRET and XTABS. */
  readonly newlineToReturn: boolean;
  readonly writtenReturnToNewline: boolean;
  readonly dropsReturnAtStart: boolean;
  readonly newlineReturns: boolean;
  readonly expandsTabs: boolean;
  /** IUTF8: continuation bytes take no column. */
  readonly isUtf8: boolean;
}

const [BACKSPACE, TAB, NEWLINE, RETURN, SPACE, DELETE] = [8, 9, 10, 13, 32, 127];
const TAB_COLUMNS = 8;

/** A control character of ASCII. */
export function isControl(byte: number): boolean {
  return byte < SPACE || byte === DELETE;
}

/** A byte of UTF-8 that continues a character. */
export function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** Converts output and follows the column (n_tty.c, do_output_char). */
export class OutputProcessor {
  column = 0;

  /** Output as the terminal must see it. */
  cook(bytes: Uint8Array, modes: OutputModes): Uint8Array {
    if (!modes.processesOutput) return bytes;
    const cooked: number[] = [];
    for (const byte of bytes) this.#put(byte, modes, cooked);
    return Uint8Array.from(cooked);
  }

  #put(byte: number, modes: OutputModes, cooked: number[]): void {
    if (byte === NEWLINE) {
      if (modes.newlineToReturn) cooked.push(RETURN);
      if (modes.newlineToReturn || modes.newlineReturns) this.column = 0;
      cooked.push(NEWLINE);
    } else if (byte === RETURN) {
      if (modes.dropsReturnAtStart && this.column === 0) return;
      if (!modes.writtenReturnToNewline || modes.newlineReturns) this.column = 0;
      cooked.push(modes.writtenReturnToNewline ? NEWLINE : RETURN);
    } else if (byte === TAB) {
      const spaces = TAB_COLUMNS - (this.column % TAB_COLUMNS);
      this.column += spaces;
      if (modes.expandsTabs) cooked.push(...new Array(spaces).fill(SPACE));
      else cooked.push(TAB);
    } else {
      if (byte === BACKSPACE) this.column = Math.max(0, this.column - 1);
      else if (!isControl(byte) && !(modes.isUtf8 && isContinuation(byte))) this.column++;
      cooked.push(byte);
    }
  }
}
