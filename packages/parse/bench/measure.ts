// One measurement in a process of its own: parse one file with one parser, print time, bytes read and peak memory as JSON.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseElf } from '../src/index.ts';
import { openFileSource } from '../src/node.ts';

const [parser, path, modules] = process.argv.slice(2);
// The others are in a temporary directory, not among this package's dependencies.
const load = createRequire(`${modules}/package.json`) as (name: string) => unknown;

/** What a candidate found, so that nobody is fast by doing nothing. */
interface Found {
  readonly segments: number;
  readonly sections: number;
  readonly symbols: number;
}

interface ElfinfoResult {
  readonly success: boolean;
  readonly elf: { segments: unknown[]; sections: Array<{ symbols?: unknown[] }> };
}
interface ElfyResult {
  readonly body: { programs: unknown[]; sections: unknown[] };
}
interface ElfToolsResult {
  readonly programs: unknown[];
  readonly sections: unknown[];
}

const CANDIDATES: Record<string, () => Found | Promise<Found>> = {
  nothing: () => ({ segments: 0, sections: 0, symbols: 0 }),
  '@elf/parse headers': () => {
    const file = openFileSource(path);
    const elf = parseElf(file);
    const names = elf.sectionHeaders.map((section) => elf.sectionName(section));
    file.close();
    return { segments: elf.programHeaders.length, sections: names.length, symbols: 0 };
  },
  '@elf/parse with every symbol': () => {
    const file = openFileSource(path);
    const elf = parseElf(file);
    const names = elf.sectionHeaders.map((section) => elf.sectionName(section));
    let symbols = 0;
    for (const table of ['symtab', 'dynsym'] as const)
      for (const symbol of elf.symbols(table) ?? []) if (symbol.name.length >= 0) symbols++;
    file.close();
    return { segments: elf.programHeaders.length, sections: names.length, symbols };
  },
  elfinfo: async () => {
    const { open } = load(parser) as { open: (path: string) => Promise<ElfinfoResult> };
    const { elf } = await open(path);
    const symbols = elf.sections.reduce((sum, section) => sum + (section.symbols?.length ?? 0), 0);
    return { segments: elf.segments.length, sections: elf.sections.length, symbols };
  },
  elfy: () => {
    const { parse } = load(parser) as { parse: (bytes: Uint8Array) => ElfyResult };
    const { body } = parse(readFileSync(path));
    return { segments: body.programs.length, sections: body.sections.length, symbols: 0 };
  },
  'elf-tools': () => {
    const { parse } = load(parser) as { parse: (bytes: Uint8Array) => ElfToolsResult };
    const { programs, sections } = parse(readFileSync(path));
    return { segments: programs.length, sections: sections.length, symbols: 0 };
  },
};

/** Bytes this process has read by system calls so far (proc(5), rchar). */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}

// Loading modules is not parsing: load the package first, count after.
if (['elfinfo', 'elfy', 'elf-tools'].includes(parser)) load(parser);
const readBefore = bytesRead();
const own = bytesRead() - readBefore;
const memoryBefore = process.resourceUsage().maxRSS;
const start = performance.now();
let found: Found | { error: string };
try {
  found = await CANDIDATES[parser]();
} catch (error) {
  found = { error: String(error).slice(0, 80) };
}
const milliseconds = performance.now() - start;
const read = bytesRead() - readBefore - 2 * own;
const memory = Math.max(0, process.resourceUsage().maxRSS - memoryBefore);
console.log(JSON.stringify({ milliseconds, bytesRead: Math.max(0, read), peakKilobytes: memory, ...found }));
