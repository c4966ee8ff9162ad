// %q of Plan 9's print(2): names in single quotes.

/** In quotes, those inside doubled. */
export function quoteName(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}

/** In quotes where it must be: when it is empty or holds a blank, a control character or a quote. */
export function quoteIfNeeded(name: string): string {
  return name === '' || /[\x00- ']/.test(name) ? quoteName(name) : name;
}
