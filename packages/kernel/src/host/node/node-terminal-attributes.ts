// The attributes of a terminal of a Linux host: Node reaches raw mode only, stty(1) the rest.
import { spawnSync } from 'node:child_process';

/** struct termios of the kernel: four 32-bit words of modes, the line discipline, 19 control characters. */
const WORDS = 4;
const CHARACTERS_AT = 17;
const CHARACTERS = 19;
const TERMIOS_BYTES = 36;
/** Control characters in stty's form (NCCS of the C library). */
const LISTED_CHARACTERS = 32;

/** struct termios of a terminal; undefined where the host cannot tell. */
export function readAttributes(number: number): Uint8Array | undefined {
  const text = stty(number, '-g');
  const values = text
    ?.trim()
    .split(':')
    .map((part) => Number.parseInt(part, 16));
  if (values === undefined || values.length < WORDS + CHARACTERS || values.some(Number.isNaN)) return undefined;
  const bytes = new Uint8Array(TERMIOS_BYTES);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < WORDS; index++) view.setUint32(index * 4, values[index], true);
  bytes.set(values.slice(WORDS, WORDS + CHARACTERS), CHARACTERS_AT);
  return bytes;
}

/** Sets them; false where the host cannot. */
export function writeAttributes(number: number, bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const words = Array.from({ length: WORDS }, (_, index) => view.getUint32(index * 4, true));
  const characters = Array.from({ length: LISTED_CHARACTERS }, (_, index) =>
    index < CHARACTERS ? bytes[CHARACTERS_AT + index] : 0,
  );
  return stty(number, [...words, ...characters].map((value) => value.toString(16)).join(':')) !== undefined;
}

function stty(number: number, argument: string): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const { status, stdout } = spawnSync('stty', [argument], { stdio: [number, 'pipe', 'ignore'], encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}
