// struct termios of the kernel and the switches of it that a line discipline acts on (man 3 termios, asm-generic/termbits.h).
import type { TerminalControl, TerminalModes } from '@elf/kernel';
import { termios } from '../abi/structs/system.ts';

// biome-ignore format: tables
const INPUT = { ISTRIP: 0x20, INLCR: 0x40, IGNCR: 0x80, ICRNL: 0x100, IXON: 0x400, IXANY: 0x800, IUTF8: 0x4000 } as const;
// biome-ignore format: a table
const OUTPUT = { OPOST: 1, ONLCR: 4, OCRNL: 8, ONOCR: 0x10, ONLRET: 0x20, TABDLY: 0x1800 } as const;
// biome-ignore format: a table
const LOCAL = {
  ISIG: 1, ICANON: 2, ECHO: 8, ECHOE: 0x10, ECHOK: 0x20, ECHONL: 0x40, NOFLSH: 0x80, TOSTOP: 0x100, ECHOCTL: 0x200, ECHOKE: 0x800,
  IEXTEN: 0x8000,
} as const;
/** c_cc in the structure, and the places in it. */
const CHARACTERS_AT = 17;
// biome-ignore format: a table
const PLACE = {
  interrupt: 0, quit: 1, erase: 2, eraseLine: 3, endOfFile: 4, patience: 5, minimum: 6, start: 8, stop: 9, suspend: 10, endOfLine: 11,
  reprint: 12, eraseWord: 14, literalNext: 15, otherEndOfLine: 16,
} as const;
/** What a fresh Linux terminal has: 38400 baud, 8 bits, sane editing keys. */
// biome-ignore format: a table
const INITIAL = {
  input: 0x500, output: 5, control: 0xbf, local: 0x8a3b, line: 0,
  characters: new Uint8Array([3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0]),
};

/** A terminal's attributes as TCGETS gives them. */
export function attributesOf(terminal: TerminalControl): Uint8Array {
  return terminal.attributes ?? termios.encode(INITIAL);
}

/** TCSETS. */
export function setAttributes(terminal: TerminalControl, bytes: Uint8Array): void {
  terminal.attributes = bytes;
  terminal.setModes(modesOf(bytes));
}

function modesOf(bytes: Uint8Array): TerminalModes {
  const { input, output, local } = termios.decode(bytes);
  const characters = bytes.subarray(CHARACTERS_AT);
  const [i, o, l] = [
    (bit: number) => (input & bit) !== 0,
    (bit: number) => (output & bit) !== 0,
    (bit: number) => (local & bit) !== 0,
  ];
  const at = (name: keyof typeof PLACE) => characters[PLACE[name]];
  return {
    canonical: l(LOCAL.ICANON),
    echo: l(LOCAL.ECHO),
    signals: l(LOCAL.ISIG),
    returnToNewline: i(INPUT.ICRNL),
    newlineToReturn: o(OUTPUT.ONLCR),
    ignoresReturn: i(INPUT.IGNCR),
    typedNewlineToReturn: i(INPUT.INLCR),
    stripsEighthBit: i(INPUT.ISTRIP),
    flowControl: i(INPUT.IXON),
    anyKeyStarts: i(INPUT.IXANY),
    isUtf8: i(INPUT.IUTF8),
    extended: l(LOCAL.IEXTEN),
    echoErase: l(LOCAL.ECHOE),
    echoKill: l(LOCAL.ECHOK),
    echoKillErases: l(LOCAL.ECHOKE),
    echoNewline: l(LOCAL.ECHONL),
    echoControl: l(LOCAL.ECHOCTL),
    keepsQueues: l(LOCAL.NOFLSH),
    processesOutput: o(OUTPUT.OPOST),
    writtenReturnToNewline: o(OUTPUT.OCRNL),
    dropsReturnAtStart: o(OUTPUT.ONOCR),
    newlineReturns: o(OUTPUT.ONLRET),
    expandsTabs: (output & OUTPUT.TABDLY) === OUTPUT.TABDLY,
    minimum: at('minimum'),
    patience: at('patience'),
    keys: {
      interrupt: at('interrupt'),
      quit: at('quit'),
      suspend: at('suspend'),
      erase: at('erase'),
      eraseWord: at('eraseWord'),
      eraseLine: at('eraseLine'),
      endOfFile: at('endOfFile'),
      endOfLine: at('endOfLine'),
      otherEndOfLine: at('otherEndOfLine'),
      reprint: at('reprint'),
      literalNext: at('literalNext'),
      start: at('start'),
      stop: at('stop'),
    },
  };
}

/** TOSTOP: writing from the background is held back too. */
export function keepsBackgroundQuiet(terminal: TerminalControl): boolean {
  return (termios.decode(attributesOf(terminal)).local & LOCAL.TOSTOP) !== 0;
}
