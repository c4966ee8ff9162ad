// Packs every public package and checks the tarballs as npm users get them: publint, type resolution, size, import.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const packed = join(root, '.cache/packed');
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string };

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports?: Record<string, unknown>;
}

/** A package that goes to npm, and where its tarball was unpacked. */
interface PackedPackage {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly tarball: string;
  readonly unpacked: string;
}

/** Runs a tool; a failure carries what the tool printed. */
async function tool(program: string, parameters: string[], cwd = root): Promise<string> {
  try {
    const { stdout } = await run(program, parameters, { cwd, maxBuffer: 64 << 20 });
    return stdout;
  } catch (error) {
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string };
    throw new Error(`${stdout ?? ''}${stderr ?? ''}` || message);
  }
}

async function packAll(): Promise<PackedPackage[]> {
  rmSync(packed, { recursive: true, force: true });
  const packages: PackedPackage[] = [];
  for (const group of ['packages', 'apps']) {
    for (const name of readdirSync(join(root, group))) {
      const folder = join(root, group, name);
      if (!existsSync(join(folder, 'package.json'))) continue;
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
      if (manifest.private) continue;
      const tarball = join(packed, `${manifest.name.slice(1).replace('/', '-')}-${manifest.version}.tgz`);
      packages.push({ folder, manifest, tarball, unpacked: join(packed, 'node_modules', manifest.name) });
    }
  }
  mkdirSync(packed, { recursive: true });
  const filters = packages.flatMap(({ manifest }) => ['--filter', manifest.name]);
  await tool('npx', ['-y', packageManager, '-r', ...filters, 'pack', '--pack-destination', packed]);
  for (const { tarball, unpacked } of packages) {
    mkdirSync(unpacked, { recursive: true });
    await tool('tar', ['-xzf', tarball, '-C', unpacked, '--strip-components=1']);
  }
  return packages;
}

async function checkManifest({ unpacked }: PackedPackage): Promise<void> {
  const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, strict: true });
  // The repository has no public address yet, so manifests cannot name one.
  const serious = messages.filter(({ type }) => type !== 'suggestion');
  if (serious.length > 0) throw new Error(serious.map((message) => formatMessage(message, pkg)).join('\n'));
}

async function checkTypes({ tarball, manifest }: PackedPackage): Promise<void> {
  if (manifest.name === '@elf/cli') return; // a command: it exports nothing
  await tool('attw', [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color']);
}

async function checkContents({ unpacked, manifest }: PackedPackage): Promise<void> {
  const files = readdirSync(unpacked, { recursive: true, encoding: 'utf8' });
  for (const wanted of ['README.md', 'LICENSE', 'package.json']) {
    if (!files.includes(wanted)) throw new Error(`${manifest.name}: the tarball lacks ${wanted}`);
  }
  const odd = files.filter((name) => /tsbuildinfo|\.test\.|(^|\/)(vectors|test-support)\//.test(name));
  if (odd.length > 0) throw new Error(`${manifest.name}: the tarball holds ${odd.join(', ')}`);
  const text = readFileSync(join(unpacked, 'package.json'), 'utf8');
  if (text.includes('workspace:')) throw new Error(`${manifest.name}: a workspace: range survived packing`);
}

/** Imports every entry of `exports` with plain Node, from the unpacked tarballs. */
async function checkImport({ manifest }: PackedPackage): Promise<void> {
  const entries = Object.keys(manifest.exports ?? {}).filter((entry) => !entry.endsWith('.json'));
  const specifiers = entries.map((entry) => manifest.name + entry.slice(1));
  const script = join(packed, 'import-all.mjs');
  writeFileSync(
    script,
    specifiers
      .map((name) => `if (Object.keys(await import('${name}')).length === 0) throw new Error('${name} is empty');`)
      .join('\n'),
  );
  await tool(process.execPath, [script], packed);
}

async function checkCommand(packages: readonly PackedPackage[]): Promise<void> {
  const command = packages.find(({ manifest }) => manifest.name === '@elf/cli');
  if (!command) throw new Error('the command is not among the packages');
  const printed = await tool(process.execPath, [join(command.unpacked, 'dist/elf.js'), '--version'], packed);
  if (printed.trim() !== command.manifest.version) throw new Error(`elf --version printed ${printed}`);
}

const packages = await packAll();
let failures = 0;
async function attempt(name: string, check: () => Promise<unknown>): Promise<void> {
  try {
    await check();
  } catch (error) {
    failures += 1;
    console.error(`FAILED ${name}\n${(error as Error).message}\n`);
  }
}

for (const entry of packages) {
  const { name } = entry.manifest;
  await attempt(`${name}: publint`, () => checkManifest(entry));
  await attempt(`${name}: type resolution`, () => checkTypes(entry));
  await attempt(`${name}: contents`, () => checkContents(entry));
  await attempt(`${name}: import`, () => checkImport(entry));
}
await attempt('elf --version from the packed command', () => checkCommand(packages));
// The configuration names the unpacked tarballs, so what is measured is what npm users bundle.
await attempt('size limits', async () => console.log(await tool('size-limit', [])));
console.log(`${packages.length} packed packages, ${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;
