// Lines of `elf info`: a label, then words.

/** One fact with its label in a column. */
export function fact(label: string, words: string): string {
  return `  ${`${label}:`.padEnd(15)} ${words}\n`;
}

/** A size for people: exact below 10 KiB, three digits above. */
export function sizeText(bytes: number | bigint): string {
  const size = Number(bytes);
  if (size < 10_240) return `${size} bytes`;
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];
  let value = size / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 100 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}
