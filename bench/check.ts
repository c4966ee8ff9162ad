// elf check on a tree of installed ELF files beside readelf started once for each of them, in the same run: files a second, peak memory.
//
// tsx bench/check.ts [--rounds N] [--files N,N...] [--from DIRECTORY] [--command FILE]. The trees are made of hard links (copies where
// links cannot be made), with one corrupt file in each; rounds are interleaved and the smallest time of each counts, because absolute times
// on shared machines are noise. Small trees pay for starting Node and warming up its compiler, so two sizes are measured; readelf, whose
// time for a file does not depend on their number, runs over 3000 of them at most.
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

function option(name: string, otherwise: string): string {
  const position = process.argv.indexOf(`--${name}`);
  return position > 0 ? process.argv[position + 1] : otherwise;
}

const command = option('command', join(root, 'apps/cli/dist/elf.js'));
const rounds = Number(option('rounds', '3'));
const sizes = option('files', '3000,30000').split(',').map(Number);
const SAMPLED = 3000;
const from = option('from', '/usr');

/** ELF files below a directory, links not followed. */
function elfFiles(directory: string, most: number): string[] {
  const files: string[] = [];
  const pending = [directory];
  const magic = Buffer.alloc(4);
  while (pending.length > 0 && files.length < most) {
    const current = pending.pop() as string;
    for (const entry of readdirSync(current, { withFileTypes: true })) {
      const path = join(current, entry.name);
      if (entry.isDirectory()) pending.push(path);
      if (!entry.isFile()) continue;
      const descriptor = openSync(path, 'r');
      if (readSync(descriptor, magic, 0, 4, 0) === 4 && magic.readUInt32BE() === 0x7f454c46) files.push(path);
      closeSync(descriptor);
    }
  }
  return files;
}

/** Fills a directory with `count` files, installed ones repeated when there are fewer. */
function buildTree(tree: string, count: number): string[] {
  const installed = elfFiles(from, count);
  if (installed.length === 0) throw new Error(`there is no ELF file below ${from}`);
  return Array.from({ length: count }, (_, index) => {
    const source = installed[index % installed.length];
    const folder = join(tree, String(Math.floor(index / 250)));
    mkdirSync(folder, { recursive: true });
    const target = join(folder, `${index}-${basename(source)}`);
    try {
      linkSync(source, target);
    } catch {
      copyFileSync(source, target);
    }
    return target;
  });
}

interface Measure {
  readonly seconds: number;
  /** Kilobytes, for our own runs. */
  readonly peak: number;
  readonly output: string;
}

function measure(program: string, args: readonly string[], input = ''): Measure {
  const start = performance.now();
  const result = spawnSync(program, args, { encoding: 'utf8', input, maxBuffer: 1 << 28 });
  const seconds = (performance.now() - start) / 1000;
  if (result.error !== undefined) throw result.error;
  return { seconds, peak: Number(/^peak (\d+)$/m.exec(result.stderr)?.[1] ?? 0), output: result.stdout };
}

/** Makes a Node process say its peak memory when it ends (getrusage(2), ru_maxrss in kilobytes). */
const PEAK =
  'data:text/javascript,process.on("exit",()=>{process.stderr.write("peak "+process.resourceUsage().maxRSS+"\\n")})';

const variants: readonly { readonly name: string; readonly args: readonly string[] }[] = [
  { name: 'elf check DIR', args: [] },
  { name: 'elf check --host-page-size 4k,16k,64k DIR (emulators too)', args: ['--host-page-size', '4k,16k,64k'] },
];

if (!existsSync(command)) throw new Error(`${command} is missing: run npm run build first`);
const work = mkdtempSync(join(tmpdir(), 'elf-check-bench-'));
try {
  for (const size of sizes) compare(join(work, String(size)), size);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function compare(tree: string, size: number): void {
  mkdirSync(tree);
  const files = buildTree(tree, size);
  writeFileSync(join(tree, '0', 'corrupt'), readFileSync(files[0]).subarray(0, 40));
  const every = Math.ceil(files.length / SAMPLED);
  const sample = files.filter((_, index) => index % every === 0);
  const best = new Map<string, Measure>();
  const keep = (name: string, result: Measure) => {
    const known = best.get(name);
    if (known === undefined || result.seconds < known.seconds) best.set(name, result);
  };
  for (let round = 0; round < rounds; round++) {
    keep('readelf', measure('xargs', ['-d', '\n', '-n', '1', 'readelf', '-lW'], `${sample.join('\n')}\n`));
    for (const { name, args } of variants)
      keep(name, measure(process.execPath, ['--import', PEAK, command, 'check', ...args, tree]));
  }
  const readelf = ((best.get('readelf')?.seconds ?? Number.NaN) * files.length) / sample.length;
  console.log(`${files.length} ELF files and a corrupt one; best of ${rounds} rounds`);
  console.log(
    `  readelf -lW, once a file\n    ${readelf.toFixed(2)} s, ${(files.length / readelf).toFixed(0)} files/s`,
  );
  for (const { name } of variants) {
    const { seconds, peak, output } = best.get(name) as Measure;
    const checked = Number(/(\d+) files checked/.exec(output)?.[1]);
    if (checked !== files.length + 1 || !/corrupt: 1 error/.test(output))
      throw new Error(`${name} checked ${checked} files`);
    console.log(
      `  ${name}\n    ${seconds.toFixed(2)} s, ${(checked / seconds).toFixed(0)} files/s, ${(readelf / seconds).toFixed(1)} x readelf, peak ${(peak / 1024).toFixed(0)} MiB`,
    );
  }
}
