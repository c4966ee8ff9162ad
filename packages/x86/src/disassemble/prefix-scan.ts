// The prefix bytes of one instruction as they stand, and which of them its text has made use of: the rest are printed in front of it.

/** Bits of a REX prefix. */
export const Rex = { B: 1, X: 2, R: 4, W: 8, Any: 0x40 } as const;

const SEGMENT_NUMBERS: Readonly<Record<number, number>> = { 38: 0, 46: 1, 54: 2, 62: 3, 100: 4, 101: 5 };
const REX_LETTERS = ['B', 'X', 'R', 'W'];
const NAMES: Readonly<Record<number, string>> = {
  38: 'es',
  46: 'cs',
  54: 'ss',
  62: 'ds',
  100: 'fs',
  101: 'gs',
  240: 'lock',
  242: 'repnz',
  243: 'repz',
};
const PREFIX_BYTES: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0x66 || byte === 0x67 || byte in NAMES ? 1 : 0,
);
/** More bytes than this cannot be one instruction. */
const MOST = 14;

/** Reused for every instruction. Positions are those of the last such prefix, -1 where there is none. */
export class PrefixScan {
  count = 0;
  rex = 0;
  /** Set by whoever prints an operand: bits of REX that meant something. */
  rexUsed = 0;
  rexAt = -1;
  dataAt = -1;
  addressAt = -1;
  segmentAt = -1;
  lockAt = -1;
  repzAt = -1;
  repnzAt = -1;
  /** Segment register of the override that memory operands show, -1 without one. */
  segment = -1;
  private hint: 'pn' | 'pt' | undefined;
  /** REX came before another prefix: the bytes up to it are printed alone. */
  isBroken = false;
  /** FWAIT stood in front. */
  hasWait = false;
  /** Text by position; empty when the prefix has been used. */
  private readonly words: string[] = [];

  /** Reads prefixes from `bytes[at]` on. Returns the position behind them. */
  read(bytes: Uint8Array, at: number, end: number, mode: 32 | 64): number {
    this.count = 0;
    this.rex = 0;
    this.rexUsed = 0;
    this.isBroken = false;
    this.segment = -1;
    const first = at < end ? bytes[at] : 0;
    const isRex = mode === 64 && (first & 0xf0) === 0x40;
    if (PREFIX_BYTES[first] === 0 && !isRex) return at;
    this.rexAt = -1;
    this.dataAt = -1;
    this.addressAt = -1;
    this.segmentAt = -1;
    this.hint = undefined;
    this.lockAt = -1;
    this.repzAt = -1;
    this.repnzAt = -1;
    let position = at;
    for (; position < end && this.count < MOST; position += 1) {
      const byte = bytes[position];
      if (mode === 64 && (byte & 0xf0) === 0x40) {
        if (this.rex !== 0) break;
        this.rex = byte;
        this.rexAt = this.count;
        this.words[this.count] = '';
        this.count += 1;
        continue;
      }
      if (PREFIX_BYTES[byte] === 0) return position;
      if (this.rex !== 0) break;
      this.take(byte, mode);
    }
    this.isBroken = this.rex !== 0 || this.count >= MOST;
    return position;
  }

  private take(byte: number, mode: 32 | 64): void {
    const at = this.count;
    this.words[at] = byte === 0x66 ? 'data16' : byte === 0x67 ? (mode === 64 ? 'addr32' : 'addr16') : NAMES[byte];
    if (byte === 0x66) this.dataAt = at;
    else if (byte === 0x67) this.addressAt = at;
    else if (byte === 0xf0) this.lockAt = at;
    else if (byte === 0xf2) this.repnzAt = at;
    else if (byte === 0xf3) this.repzAt = at;
    else {
      this.segmentAt = at;
      if (byte === 0x2e || byte === 0x3e) this.hint = byte === 0x2e ? 'pn' : 'pt';
      // Only FS and GS change addresses in 64-bit mode.
      if (mode === 32 || byte >= 0x64) this.segment = SEGMENT_NUMBERS[byte];
    }
    this.count += 1;
  }

  hasData(): boolean {
    return this.count > 0 && this.dataAt >= 0;
  }
  hasAddress(): boolean {
    return this.count > 0 && this.addressAt >= 0;
  }
  hasRepz(): boolean {
    return this.count > 0 && this.repzAt >= 0;
  }
  hasRepnz(): boolean {
    return this.count > 0 && this.repnzAt >= 0;
  }
  hasLock(): boolean {
    return this.count > 0 && this.lockAt >= 0;
  }
  /** The last segment override is DS, whatever it does. */
  endsWithDs(): boolean {
    return this.count > 0 && this.segmentAt >= 0 && this.words[this.segmentAt] === 'ds';
  }
  /** What the last CS or DS override says about a conditional jump. */
  branchHint(): 'pn' | 'pt' | undefined {
    return this.count > 0 ? this.hint : undefined;
  }

  /** Takes the prefix at a position out of the text, or gives it another name there. */
  replace(at: number, word = ''): void {
    if (this.count > 0 && at >= 0) this.words[at] = word;
  }

  /** The prefixes that are left, each with a blank behind it. */
  text(): string {
    if (this.count === 0) return '';
    // Unless every bit of it meant something.
    const used = this.rexUsed & this.rex & 15;
    if (this.rex !== 0 && (used !== (this.rex & 15) || (used === 0 && this.rexUsed < Rex.Any)))
      this.words[this.rexAt] = rexName(this.rex);
    let text = '';
    for (let at = 0; at < this.count; at += 1) if (this.words[at] !== '') text += `${this.words[at]} `;
    return text;
  }
}

function rexName(rex: number): string {
  let letters = '';
  for (let bit = 3; bit >= 0; bit -= 1) if ((rex >> bit) & 1) letters += REX_LETTERS[bit];
  return letters === '' ? 'rex' : `rex.${letters}`;
}
