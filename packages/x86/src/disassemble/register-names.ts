// table: register names by class and number, as Intel's manual writes them and, with a percent sign, as AT&T's assembler does.

const EIGHT = ['ax', 'cx', 'dx', 'bx', 'sp', 'bp', 'si', 'di'] as const;
const NUMBERED = [8, 9, 10, 11, 12, 13, 14, 15] as const;
const SIXTEEN = Array.from({ length: 16 }, (_, number) => number);

/** Names by register number. */
export interface RegisterNames {
  /** Byte registers without REX: numbers 4 to 7 are ah, ch, dh and bh. */
  readonly legacyBytes: readonly string[];
  readonly bytes: readonly string[];
  readonly words: readonly string[];
  readonly doublewords: readonly string[];
  readonly quadwords: readonly string[];
  readonly segments: readonly string[];
  readonly stack: readonly string[];
  readonly mmx: readonly string[];
  readonly xmm: readonly string[];
  readonly ymm: readonly string[];
  readonly bounds: readonly string[];
  /** The top of the x87 stack where it is implied, rip and eip. */
  readonly stackTop: string;
  readonly rip: string;
  readonly eip: string;
  /** The index register that is none. */
  readonly noIndex64: string;
  readonly noIndex32: string;
}

function names(mark: string): RegisterNames {
  const marked = (list: readonly string[]) => list.map((name) => mark + name);
  const lettered = ['a', 'c', 'd', 'b'];
  return {
    legacyBytes: marked([...lettered.map((letter) => `${letter}l`), ...lettered.map((letter) => `${letter}h`)]),
    bytes: marked([
      ...lettered.map((letter) => `${letter}l`),
      'spl',
      'bpl',
      'sil',
      'dil',
      ...NUMBERED.map((number) => `r${number}b`),
    ]),
    words: marked([...EIGHT, ...NUMBERED.map((number) => `r${number}w`)]),
    doublewords: marked([...EIGHT.map((name) => `e${name}`), ...NUMBERED.map((number) => `r${number}d`)]),
    quadwords: marked([...EIGHT.map((name) => `r${name}`), ...NUMBERED.map((number) => `r${number}`)]),
    segments: marked(['es', 'cs', 'ss', 'ds', 'fs', 'gs', '?', '?']),
    stack: marked(SIXTEEN.slice(0, 8).map((number) => `st(${number})`)),
    mmx: marked(SIXTEEN.map((number) => `mm${number & 7}`)),
    xmm: marked(SIXTEEN.map((number) => `xmm${number}`)),
    ymm: marked(SIXTEEN.map((number) => `ymm${number}`)),
    bounds: SIXTEEN.map((number) => (number < 4 ? `${mark}bnd${number}` : '(bad)')),
    stackTop: `${mark}st`,
    rip: `${mark}rip`,
    eip: `${mark}eip`,
    noIndex64: `${mark}riz`,
    noIndex32: `${mark}eiz`,
  };
}

/** With AT&T's percent signs. */
export const ATT_NAMES: RegisterNames = /* @__PURE__ */ names('%');
/** As in Intel's manual. */
export const INTEL_NAMES: RegisterNames = /* @__PURE__ */ names('');
