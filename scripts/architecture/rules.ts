// The architecture rules: each takes the files of the work tree and returns what breaks it.
import { ARROWS } from './arrows.ts';
import { PAGE_MASK_ALLOWANCES } from './page-mask-allowances.ts';
import {
  type Finding,
  importsOf,
  isDevelopmentOnly,
  isTypeScript,
  numbersOf,
  type SourceFile,
  workspaceName,
} from './source-file.ts';

/** A rule's name and its check over all files. */
export interface Rule {
  readonly name: string;
  check(files: readonly SourceFile[]): Finding[];
}

type Report = (line: number, message: string) => void;

/** A rule that looks at one file at a time. */
function perFile(name: string, check: (file: SourceFile, report: Report) => void): Rule {
  return {
    name,
    check: (files) => {
      const findings: Finding[] = [];
      for (const file of files) {
        check(file, (line, message) => findings.push({ rule: name, path: file.path, line, message }));
      }
      return findings;
    },
  };
}

const isLibrarySource = (file: SourceFile) =>
  isTypeScript(file) && /^packages\/[^/]+\/src\//.test(file.path) && !isDevelopmentOnly(file.path);

const arrows = perFile('forbidden-arrow', (file, report) => {
  const from = workspaceName(file.path);
  if (!isTypeScript(file) || !from || !file.path.startsWith('packages/')) return;
  const allowed = ARROWS[from];
  if (!allowed) return report(1, `package "${from}" has no row in scripts/architecture/arrows.ts`);
  for (const { specifier, typeOnly, line } of importsOf(file)) {
    const to = /^@elf\/([^/]+)/.exec(specifier)?.[1];
    if (to === undefined || to === from || allowed.code.includes(to)) continue;
    if (allowed.typesOnly?.includes(to) && (typeOnly || isDevelopmentOnly(file.path))) continue;
    report(line, `@elf/${from} may not import ${specifier}`);
  }
});

const manifestArrows = perFile('forbidden-dependency', (file, report) => {
  const from = /^packages\/([^/]+)\/package\.json$/.exec(file.path)?.[1];
  if (from === undefined) return;
  const manifest = JSON.parse(file.text) as Record<string, Record<string, string> | undefined>;
  const row = ARROWS[from];
  const allowed = [...(row?.code ?? []), ...(row?.typesOnly ?? [])].map((name) => `@elf/${name}`);
  for (const section of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    for (const name of Object.keys(manifest[section] ?? {})) {
      if (!allowed.includes(name)) report(1, `${section} of @elf/${from} may not hold ${name}`);
    }
  }
});

const relativeReach = perFile('relative-reach', (file, report) => {
  const home = /^(?:packages|apps)\/[^/]+\//.exec(file.path)?.[0];
  if (!isTypeScript(file) || home === undefined || /(tsup|vite)\.config\.ts$/.test(file.path)) return;
  for (const { specifier, line } of importsOf(file)) {
    if (specifier.startsWith('.') && !resolveRelative(file.path, specifier).startsWith(home)) {
      report(line, `${specifier} leaves the package; import it by its name`);
    }
  }
});

const hostNeutral = perFile('host-import', (file, report) => {
  const inHost = /\/host\/(node|web)\/|\/src\/(node|web)\.ts$/.test(file.path);
  if (!isLibrarySource(file) || inHost) return;
  for (const { specifier, line } of importsOf(file)) {
    if (specifier.startsWith('.') || specifier.startsWith('@elf/')) continue;
    report(line, `library code may not import "${specifier}"; only src/node.ts and src/host/ may`);
  }
  // The compiler already refuses these names (lib es2023, no types); this also catches `globalThis` casts and reference tags.
  file.lines.forEach((text, index) => {
    if (/^\s*\/\/\/\s*<reference\s/.test(text)) report(index + 1, 'library code may not reference a host library');
    if (/\bglobalThis\b.*\b(process|window|document|Buffer|require)\b/.test(text)) {
      report(index + 1, 'library code may not reach for host globals');
    }
  });
});

const cycles: Rule = {
  name: 'import-cycle',
  check: (files) => {
    const known = new Map(files.filter(isTypeScript).map((file) => [file.path, file]));
    const state = new Map<string, 'open' | 'done'>();
    const findings: Finding[] = [];
    const visit = (path: string, trail: readonly string[]): void => {
      if (state.get(path) === 'done') return;
      if (state.get(path) === 'open') {
        const loop = [...trail.slice(trail.indexOf(path)), path];
        findings.push({ rule: 'import-cycle', path, line: 1, message: loop.join(' -> ') });
        return;
      }
      state.set(path, 'open');
      for (const { specifier, typeOnly } of importsOf(known.get(path)!)) {
        if (typeOnly || !specifier.startsWith('.')) continue;
        const target = resolveRelative(path, specifier);
        if (known.has(target)) visit(target, [...trail, path]);
      }
      state.set(path, 'done');
    };
    for (const path of known.keys()) visit(path, []);
    return findings;
  },
};

const fileSize = perFile('file-size', (file, report) => {
  if (!isTypeScript(file) || /^\/\/ table\b/.test(file.lines[0] ?? '')) return;
  const count = file.lines.length - (file.lines.at(-1) === '' ? 1 : 0);
  if (count > 400) report(401, `${count} lines; 400 is the limit unless line 1 starts with "// table"`);
});

const firstLine = perFile('first-line', (file, report) => {
  if (!isTypeScript(file)) return;
  const line = file.lines[0]?.startsWith('#!') ? file.lines[1] : file.lines[0];
  const words = (line ?? '').replace(/^\/[/*]+/, '').match(/[\p{L}\d]+/gu) ?? [];
  if (!/^\/[/*]/.test(line ?? '') || words.length < 3) report(1, 'line 1 must say in one sentence what the file is');
});

const names = perFile('banned-name', (file, report) => {
  if (/(^|\/)(utils?|helpers?|common|misc|types)(\.[a-z.]+)?(\/|$)/i.test(file.path) && isOurs(file)) {
    report(1, 'a file name says what is inside: no utils, helpers, common, misc, types');
  }
});
// `uop/helpers/` is a term of the design: helper rows are functions both engines call (ARCHITECTURE.md, D1).
const isOurs = (file: SourceFile) => isTypeScript(file) && !/^packages\/x86\/src\/uop\/helpers\//.test(file.path);

const starExports = perFile('star-export', (file, report) => {
  if (!isTypeScript(file)) return;
  file.lines.forEach((text, index) => {
    if (/^\s*export\s+(type\s+)?\*/.test(text)) report(index + 1, 're-export by name, never with a star');
  });
});

const pageMasks = perFile('page-mask', (file, report) => {
  if (!isLibrarySource(file) || /^\/\/ table\b/.test(file.lines[0] ?? '')) return;
  if (PAGE_MASK_ALLOWANCES.some(({ path }) => file.path.startsWith(path))) return;
  for (const { value, before, spelling, isProperty, line } of numbersOf(file)) {
    const isShift = value === 12 && /^(>>>?|<<)=?$/.test(before);
    if (!isShift && value !== 4095 && value !== 4096) continue;
    // Octal numbers are file modes; 0x1000 in a flag table, or tested with `&`, is bit 12 of some flags.
    if (/^0o/.test(spelling) || (spelling === '0x1000' && (isProperty || before === '&'))) continue;
    if (/not a page size:/.test(file.lines[line - 1])) continue;
    report(line, 'page masks and roundings live in @elf/pagesize (or say "// not a page size: why")');
  }
});

const machinePaths = perFile('machine-path', (file, report) => {
  const registryHost = registryHostName();
  file.lines.forEach((text, index) => {
    if (/(?<![\w.])\/(work|farm)\//.test(text)) report(index + 1, 'a path of one machine');
    if (registryHost && text.includes(registryHost)) report(index + 1, 'the host name of a package registry');
    if (/^\s*(tarball:|resolved ).*https?:/.test(text)) report(index + 1, 'a lock file may not name a registry');
  });
});

function registryHostName(): string | undefined {
  const registry = process.env.npm_config_registry ?? process.env.NPM_CONFIG_REGISTRY;
  return registry ? new URL(registry).host : undefined;
}

/** `a/b/c.ts` + `../d.ts` -> `a/d.ts`. */
function resolveRelative(from: string, specifier: string): string {
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** Every rule, in the order of the report. */
export const RULES: readonly Rule[] = [
  arrows,
  manifestArrows,
  relativeReach,
  hostNeutral,
  cycles,
  fileSize,
  firstLine,
  names,
  starExports,
  pageMasks,
  machinePaths,
];
