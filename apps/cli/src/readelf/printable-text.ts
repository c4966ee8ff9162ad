// Names as GNU readelf prints them: control characters visible, long names cut when the output is narrow.

/** A name whose control characters are written as ^X, so that a hostile name cannot drive the terminal. */
export function printable(name: string): string {
  if (!/[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/.test(name)) return name;
  let text = '';
  for (const character of name) {
    const point = character.codePointAt(0)!;
    if (point < 0x20) text += `^${String.fromCharCode(point + 0x40)}`;
    else if (point === 0x7f) text += '^?';
    // A C1 control or a byte that is no UTF-8 (decodeText keeps it as a lone surrogate).
    else if ((point >= 0x80 && point < 0xa0) || (point >= 0xd800 && point <= 0xdfff)) text += '?';
    else text += character;
  }
  return text;
}

/**
 * A name in a field of `width` columns. Narrow output cuts longer names and says so with "[...]"; wide output never cuts. A negative width
 * pads with spaces as well.
 */
export function fitted(name: string, width: number, wide: boolean): string {
  const columns = Math.abs(width);
  let text = printable(name);
  if (!wide && text.length > columns) text = `${text.slice(0, Math.max(0, columns - 5))}[...]`;
  return width < 0 ? text.padEnd(columns) : text;
}
