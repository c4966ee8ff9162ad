// The machine's own bits in st_other.

/** The bits beside the visibility in words; unknown ones as a number. */
export function symbolOtherText(machine: number, fileType: number, bits: number): string {
  if (machine === 183 && bits === 0x80) return '[VARIANT_PCS]';
  if (machine === 243) return bits === 0x80 ? '[VARIANT_CC]' : `[${(bits & ~0x80).toString(16)}]`;
  if (machine === 21) {
    const local = bits & 0xe0;
    // ELFv2: 1 means that the function has one entry and does not keep r2, otherwise 4 << (value - 2) bytes lie between the entries.
    if (local !== 0 && (bits & ~0xe0) === 0) return `[<localentry>: ${ppc64LocalEntry(local >> 5)}]`;
  }
  if (machine === 8) return mips(fileType, bits);
  if (machine === 0x9026) return bits === 0x80 ? '[NOPV]' : bits === 0x88 ? '[STD GPLOAD]' : '[<unknown>]';
  return `[<other>: ${bits.toString(16)}]`;
}

function ppc64LocalEntry(value: number): number {
  return value === 1 ? 1 : (1 << value) & ~3;
}

function mips(fileType: number, bits: number): string {
  if (bits === 0xf0) return '[MIPS16]';
  const words: string[] = [];
  let rest = bits;
  if ((rest & 0xc0) === 0x80) {
    words.push('MICROMIPS');
    rest &= ~0xc0;
  }
  if (rest & 0x20) {
    words.push('MIPS PIC');
    rest &= ~0x20;
  }
  if (rest & 0x8 && fileType !== 1) {
    words.push('MIPS PLT');
    rest &= ~0x8;
  }
  if (rest & 0x4) {
    words.push('OPTIONAL');
    rest &= ~0x4;
  }
  if (rest !== 0) words.push(`<other>: ${rest.toString(16)}`);
  return `[${words.join(', ')}]`;
}
