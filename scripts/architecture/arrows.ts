// table: which package may import which (ARCHITECTURE.md, section "Packages and the direction of imports").

/** Allowed targets of each package; `types-only` ones leave nothing at run time. Apps may import everything. */
export const ARROWS: Readonly<
  Record<string, { readonly code: readonly string[]; readonly typesOnly?: readonly string[] }>
> = {
  parse: { code: [] },
  pagesize: { code: [], typesOnly: ['parse'] },
  mm: { code: ['pagesize'] },
  x86: { code: ['mm'] },
  exec: { code: ['parse', 'pagesize', 'mm'] },
  kernel: { code: ['exec', 'mm'] },
  linux: { code: ['kernel', 'exec', 'mm', 'parse'] },
  plan9: { code: ['kernel', 'exec', 'mm', 'parse'] },
  machine: { code: ['parse', 'pagesize', 'mm', 'x86', 'exec', 'kernel', 'linux', 'plan9'] },
};
