// SVG as text: one function that escapes what it is given.

/** Attributes; undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element with its children, which are elements already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeText(typeof value === 'number' ? rounded(value) : String(value))}"`)
    .join('');
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`;
}

/** A text element. */
export function textElement(attributes: Attributes, content: string): string {
  return element('text', attributes, escapeText(content));
}

/** A tooltip, and what screen readers say of the element it stands in. */
export function titleElement(content: string): string {
  return element('title', {}, escapeText(content));
}

/** Text as it may stand between tags and in quotes. Control characters are no XML and become question marks. */
export function escapeText(text: string): string {
  return text
    .replace(/[\0-\x08\x0b\x0c\x0e-\x1f]/g, '?')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

function rounded(value: number): string {
  return String(Math.round(value * 100) / 100);
}
