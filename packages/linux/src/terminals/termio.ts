// struct termio: attributes of terminals as System V had them, half as wide and with fewer characters (man 2 TCGETA; asm-generic/termios.h).

/** Bytes of the structure, its last one padding. */
export const TERMIO_BYTES = 18;
/** Flags for input, output, control and the line discipline: 16 bits here, 32 in struct termios. */
const FLAG_WORDS = 4;
/** Behind the flags come the line discipline and NCC characters, the first ones of struct termios. */
const REST_BYTES = 1 + 8;

/** TCGETA: what fits of the attributes (struct termios). */
export function termioOf(attributes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(TERMIO_BYTES);
  for (let word = 0; word < FLAG_WORDS; word++) bytes.set(attributes.subarray(word * 4, word * 4 + 2), word * 2);
  bytes.set(attributes.subarray(FLAG_WORDS * 4, FLAG_WORDS * 4 + REST_BYTES), FLAG_WORDS * 2);
  return bytes;
}

/** TCSETA: the attributes with these low halves and first characters (user_termio_to_kernel_termios). */
export function withTermio(attributes: Uint8Array, bytes: Uint8Array): Uint8Array {
  const result = attributes.slice();
  for (let word = 0; word < FLAG_WORDS; word++) result.set(bytes.subarray(word * 2, word * 2 + 2), word * 4);
  result.set(bytes.subarray(FLAG_WORDS * 2, FLAG_WORDS * 2 + REST_BYTES), FLAG_WORDS * 4);
  return result;
}
