// Lines of a listing: an address column as wide as the section needs, raw bytes seven to a line, then the text.
import type { Output } from '../readelf/output.ts';

/** Which columns there are. */
export interface LineLayout {
  readonly showRawBytes: boolean;
}

const CODE_BYTES = 7;
const DATA_BYTES = 16;
const PRINTABLE_FIRST = 0x20;
const PRINTABLE_LAST = 0x7e;

/** Digits of the address column: leading zeros go away in fours, but one stays in front of the section's end. */
export function addressColumn(end: bigint, mode: 32 | 64): number {
  const digits = BigInt.asUintN(64, end).toString(16).length;
  return Math.min(mode / 4, Math.ceil((digits + 1) / 4) * 4);
}

const PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => `${byte.toString(16).padStart(2, '0')} `);

/** Writes lines for one section. Addresses are relative to `origin`. */
export function lineWriter(output: Output, column: number, origin: bigint, { showRawBytes }: LineLayout) {
  const addressText = (address: number): string =>
    (origin === 0n ? address.toString(16) : (BigInt(address) + origin).toString(16)).padStart(column);
  const pairs = (bytes: Uint8Array, at: number, length: number): string => {
    let text = '';
    for (let index = at; index < at + length; index += 1) text += PAIRS[bytes[index]];
    return text;
  };
  return {
    code(address: number, bytes: Uint8Array, at: number, length: number, text: string): void {
      if (!showRawBytes) {
        output.write(`${addressText(address)}:\t${text}\n`);
        return;
      }
      const first = Math.min(length, CODE_BYTES);
      let lines = `${addressText(address)}:\t${pairs(bytes, at, first).padEnd(3 * CODE_BYTES)}\t${text}\n`;
      for (let done = CODE_BYTES; done < length; done += CODE_BYTES)
        lines += `${addressText(address + done)}:\t${pairs(bytes, at + done, Math.min(CODE_BYTES, length - done))}\n`;
      output.write(lines);
    },
    data(address: number, bytes: Uint8Array, at: number, length: number): void {
      let characters = '';
      for (let index = at; index < at + length; index += 1) {
        const byte = bytes[index];
        characters += byte >= PRINTABLE_FIRST && byte <= PRINTABLE_LAST ? String.fromCharCode(byte) : '.';
      }
      const raw = showRawBytes ? `${pairs(bytes, at, length).padEnd(3 * DATA_BYTES)}    ` : '';
      output.write(`${addressText(address)}:\t${raw}${characters}\n`);
    },
  };
}
