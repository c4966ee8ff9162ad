// Colours and patterns of the picture: neutral, the same in a dark and a light page, and never the only sign of a meaning.
import { element } from './element.ts';

/** CSS class of memory with these permissions. */
export function rightsClass(protection: number): string {
  if (protection & 2) return protection & 4 ? 'rwx' : 'rw';
  return protection & 4 ? 'rx' : 'r';
}

/** What the classes mean, for the legend. */
export const RIGHTS_MEANINGS: readonly (readonly [className: string, meaning: string])[] = [
  ['r', 'read'],
  ['rx', 'read, execute'],
  ['rw', 'read, write'],
  ['rwx', 'read, write, execute'],
];

const CSS = `
svg{--paper:#fbfbf9;--ink:#23282d;--soft:#6b747c;--line:#c9ced3;--faint:#e8eaec;--gap:#eef0f1;--r:#4f77ad;--rx:#2d8767;--rw:#b97514;--rwx:#8a4fae;--bad:#c0322b;font:12px ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
@media (prefers-color-scheme:dark){svg{--paper:#16191c;--ink:#e4e7ea;--soft:#9aa3ab;--line:#434a51;--faint:#272c31;--gap:#1f2327;--r:#7fa6dc;--rx:#55bd96;--rw:#e0a64a;--rwx:#bd8be0;--bad:#ff7a70}}
.paper{fill:var(--paper)}text{fill:var(--ink)}.soft{fill:var(--soft)}.small{font-size:11px}.number{font:11px ui-monospace,Menlo,Consolas,monospace}
.heading{font-size:17px;font-weight:600}.label{font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.frame{fill:none;stroke:var(--line)}.grid{stroke:var(--line);stroke-width:1}.quarter{stroke:var(--faint);stroke-width:1}.gap{fill:var(--gap)}
.fill-r{fill:var(--r)}.fill-rx{fill:var(--rx)}.fill-rw{fill:var(--rw)}.fill-rwx{fill:var(--rwx)}
.line{fill:none;stroke-width:4;stroke-linecap:butt;stroke-linejoin:round}.window{fill:none;stroke-width:2;stroke-dasharray:5 4}
.line-r{stroke:var(--r)}.line-rx{stroke:var(--rx)}.line-rw{stroke:var(--rw)}.line-rwx{stroke:var(--rwx)}
.zeros{fill-opacity:.35}.bad-line{stroke:var(--bad);stroke-width:2}.bad-fill{fill:url(#hatch);stroke:var(--bad);stroke-width:1.5}.bad-text{fill:var(--bad);font-weight:600;paint-order:stroke;stroke:var(--paper);stroke-width:4px}
.rights{fill:none;stroke:var(--bad);stroke-width:1.5;stroke-dasharray:3 2}.bar-text{fill:var(--paper);font-weight:600}
`;

/** The style sheet and the hatching of damage. */
export function pictureStyle(): string {
  const hatch = element(
    'pattern',
    { id: 'hatch', width: 7, height: 7, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' },
    element('line', { x1: 0, y1: 0, x2: 0, y2: 7, class: 'bad-line' }),
  );
  return element('style', {}, CSS) + element('defs', {}, hatch);
}
