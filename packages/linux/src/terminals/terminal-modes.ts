// struct termios of the kernel and the switches of it that a line discipline acts on (man 3 termios, asm-generic/termbits.h).
import type { TerminalControl, TerminalModes } from '@elf/kernel';
import { termios } from '../abi/structs/system.ts';

// biome-ignore format: a table
const BITS = { ICRNL: 0x100, OPOST: 1, ONLCR: 4, ISIG: 1, ICANON: 2, ECHO: 8, ECHONL: 0x40, TOSTOP: 0x100 } as const;
/** Places in c_cc. */
const VTIME = 5;
const VMIN = 6;
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
  const { input, output, local } = termios.decode(bytes);
  const characters = bytes.subarray(17);
  const modes: TerminalModes = {
    canonical: (local & BITS.ICANON) !== 0,
    echo: (local & BITS.ECHO) !== 0,
    signals: (local & BITS.ISIG) !== 0,
    returnToNewline: (input & BITS.ICRNL) !== 0,
    newlineToReturn: (output & BITS.OPOST) !== 0 && (output & BITS.ONLCR) !== 0,
    echoNewline: (local & BITS.ECHONL) !== 0,
    returnsAtOnce: characters[VMIN] === 0 && characters[VTIME] === 0,
  };
  terminal.setModes(modes);
}

/** TOSTOP: writing from the background is held back too. */
export function keepsBackgroundQuiet(terminal: TerminalControl): boolean {
  return (termios.decode(attributesOf(terminal)).local & BITS.TOSTOP) !== 0;
}
