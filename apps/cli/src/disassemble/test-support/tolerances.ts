// table: differences between objdump's text and ours that stay, each with its reason.

interface Tolerance {
  readonly reason: string;
  /** Looks at the texts behind the bytes. */
  readonly applies: (theirs: string, ours: string) => boolean;
}

const TOLERANCES: readonly Tolerance[] = [
  {
    reason: 'an instruction that no row describes (AVX-512, TSX, shadow stack, system): (bad) here',
    applies: (theirs, ours) => ours.endsWith('(bad)') && !theirs.includes('(bad)'),
  },
  {
    reason: 'undocumented x87 twins, which every processor executes: (bad) in objdump',
    applies: (theirs, ours) => theirs.endsWith('(bad)') && /^(fcomp?|fxch|fstp) /.test(ours),
  },
  {
    reason: 'an encoding that is none: objdump prints prefixes or operands around (bad)',
    applies: (theirs, ours) => theirs.includes('(bad)') && ours.endsWith('(bad)'),
  },
];

/** Why two lines may differ; undefined when nothing allows it. Lines must stand for the same bytes at the same address. */
export function toleranceOf(theirLine: string, ourLine: string): string | undefined {
  const theirs = theirLine.split('\t');
  const ours = ourLine.split('\t');
  if (theirs[0] !== ours[0] || theirs[1] !== ours[1] || theirs.length < 3 || ours.length < 3) return undefined;
  return TOLERANCES.find(({ applies }) => applies(theirs[2], ours[2]))?.reason;
}
