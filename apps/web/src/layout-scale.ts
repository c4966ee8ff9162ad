// The scale of the layout picture: file offsets or addresses to pixels, with small ranges kept visible and gaps kept short.

/** A range of offsets or addresses, end exclusive. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** Maps a value to a horizontal position. */
export type Scale = (value: bigint) => number;

/**
 * Cuts the line at every start and end, gives each piece a width that grows with the square root of its size (gaps between spans get a third
 * of that, at most `gapLimit` of the whole), and interpolates inside a piece.
 *
 * @param spans what must be visible
 * @param width the width of the picture in pixels
 */
export function layoutScale(spans: readonly Span[], width: number, gapLimit = 0.12): Scale {
  const cuts = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].sort((a, b) => (a < b ? -1 : 1));
  const pieces = cuts.slice(1).map((end, index) => ({ start: cuts[index], end }));
  const isCovered = ({ start, end }: Span) => spans.some((span) => span.start <= start && span.end >= end);
  const weights = pieces.map((piece) => Math.sqrt(Number(piece.end - piece.start)));
  const coveredTotal = weights.reduce((sum, weight, index) => sum + (isCovered(pieces[index]) ? weight : 0), 0);
  const widths = weights.map((weight, index) => {
    if (isCovered(pieces[index])) return Math.max(weight, coveredTotal / 24);
    return Math.min(weight / 3, Math.max(coveredTotal, 1) * gapLimit);
  });
  const total = widths.reduce((sum, piece) => sum + piece, 0) || 1;
  const positions = [0];
  for (const piece of widths) positions.push(positions.at(-1)! + (piece / total) * width);
  return (value) => {
    const index = pieces.findIndex(({ end }) => value <= end);
    if (index < 0) return pieces.length > 0 ? width : 0;
    const { start, end } = pieces[index];
    const share = value <= start ? 0 : Number(value - start) / Number(end - start);
    return positions[index] + share * (positions[index + 1] - positions[index]);
  };
}
