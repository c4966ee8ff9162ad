// AES rounds on a 16-byte state, as AESENC and its companions define them (FIPS 197; SDM vol. 1, section 12.13).
import { type HelperRow, helper } from '../helper-row.ts';

/** The field polynomial x^8 + x^4 + x^3 + x + 1. */
const POLYNOMIAL = 0x11b;

function multiply(left: number, right: number): number {
  let product = 0;
  for (let bit = left, rest = right; rest !== 0; rest >>= 1) {
    if (rest & 1) product ^= bit;
    bit <<= 1;
    if (bit & 0x100) bit ^= POLYNOMIAL;
  }
  return product;
}

interface Tables {
  readonly substitute: Uint8Array;
  readonly restore: Uint8Array;
  /** The column that a byte of row 0 adds to the mixed state, after (inverse) substitution; other rows add it rotated. */
  readonly mixed: Int32Array;
  readonly unmixed: Int32Array;
  /** As `unmixed` without the substitution. */
  readonly unmixOnly: Int32Array;
}

let built: Tables | undefined;

/** The S-box is the inverse in the field, then an affine map (FIPS 197, section 5.1.1); computed once when first needed. */
function tables(): Tables {
  if (built !== undefined) return built;
  const inverse = new Uint8Array(256);
  for (let byte = 1; byte < 256; byte += 1)
    for (let other = byte; other < 256; other += 1) if (multiply(byte, other) === 1) [inverse[byte], inverse[other]] = [other, byte];
  const substitute = inverse.map((byte) => {
    const twice = byte | (byte << 8);
    return (byte ^ (twice >> 4) ^ (twice >> 5) ^ (twice >> 6) ^ (twice >> 7) ^ 0x63) & 0xff;
  });
  const restore = new Uint8Array(256);
  for (const [byte, value] of substitute.entries()) restore[value] = byte;
  // Columns of the matrices of MixColumns and its inverse (FIPS 197, sections 5.1.3 and 5.3.3).
  const column = (byte: number, factors: readonly number[]) => factors.reduce((word, factor, row) => word | (multiply(byte, factor) << (8 * row)), 0);
  const columns = (box: (byte: number) => number, factors: readonly number[]) => Int32Array.from({ length: 256 }, (_, byte) => column(box(byte), factors));
  built = {
    substitute,
    restore,
    mixed: columns((byte) => substitute[byte], [2, 1, 1, 3]),
    unmixed: columns((byte) => restore[byte], [14, 9, 13, 11]),
    unmixOnly: columns((byte) => byte, [14, 9, 13, 11]),
  };
  return built;
}

/** Where the byte of `row` comes from for a column: row r of the state moves by r columns, one way or the other, or not at all. */
type Shift = 1 | -1 | 0;

/** Writes the mixed columns of the state at `from` to `columns`. */
function mix(u8: Uint8Array, from: number, shift: Shift, table: Int32Array, columns: Int32Array): void {
  for (let column = 0; column < 4; column += 1) {
    let word = 0;
    for (let row = 0; row < 4; row += 1) {
      const part = table[u8[from + ((4 * (column + shift * row) + row) & 15)]];
      word ^= (part << (8 * row)) | (part >>> (32 - 8 * row));
    }
    columns[column] = word;
  }
}

/** As `mix` for the last round, which only substitutes. */
function substituteAndShift(u8: Uint8Array, from: number, shift: Shift, box: Uint8Array, columns: Int32Array): void {
  for (let column = 0; column < 4; column += 1) {
    let word = 0;
    for (let row = 0; row < 4; row += 1) word |= box[u8[from + ((4 * (column + shift * row) + row) & 15)]] << (8 * row);
    columns[column] = word;
  }
}

type Round = (u8: Uint8Array, state: number, tables: Tables, columns: Int32Array) => void;

/** The result may be in the cell of the state, so it is made beside it. */
function round(name: string, transform: Round): HelperRow {
  const columns = new Int32Array(4);
  return helper(name, ({ memory: { u8, i32 } }, out, state, key) => {
    transform(u8, state, tables(), columns);
    for (let column = 0; column < 4; column += 1) i32[(out >>> 2) + column] = columns[column] ^ i32[(key >>> 2) + column];
    return 0;
  });
}

/** Cells: result, state, round key; `aes-inverse-mix`: result, source; `aes-key`: result, source, round constant. */
export const aesHelpers: readonly HelperRow[] = [
  round('aes-encrypt', (u8, state, { mixed }, columns) => mix(u8, state, 1, mixed, columns)),
  round('aes-encrypt-last', (u8, state, { substitute }, columns) => substituteAndShift(u8, state, 1, substitute, columns)),
  round('aes-decrypt', (u8, state, { unmixed }, columns) => mix(u8, state, -1, unmixed, columns)),
  round('aes-decrypt-last', (u8, state, { restore }, columns) => substituteAndShift(u8, state, -1, restore, columns)),
  helper('aes-inverse-mix', ({ memory: { u8, i32 } }, out, source) => {
    const columns = new Int32Array(4);
    mix(u8, source, 0, tables().unmixOnly, columns);
    i32.set(columns, out >>> 2);
    return 0;
  }),
  helper('aes-key', ({ memory: { u8 } }, out, source, constant) => {
    const { substitute } = tables();
    const from = u8.slice(source, source + 16).map((byte) => substitute[byte]);
    // Words 1 and 3 substituted, each followed by itself rotated by a byte and changed by the constant.
    for (const [half, word] of [4, 12].entries()) {
      for (let byte = 0; byte < 4; byte += 1) {
        u8[out + 8 * half + byte] = from[word + byte];
        u8[out + 8 * half + 4 + byte] = from[word + ((byte + 1) & 3)];
      }
      u8[out + 8 * half + 4] ^= u8[constant];
    }
    return 0;
  }),
];
