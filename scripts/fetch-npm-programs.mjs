// Fetches the programs of the corpus that npm distributes as Linux executables into the git-ignored .elf-cache: an opt-in command.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Package, version, the hash of its archive as the registry publishes it, the parts that are kept (all when absent; the first
 * directory of the archive is left out of the names) and the commands it brings, by name.
 */
const PACKAGES = [
  {
    // Go, static.
    name: '@esbuild/linux-x64',
    version: '0.28.2',
    integrity: 'sha512-4xTZr1FUmSoQW4XIWmit3tzQrUTZM+N3P0XV8xROKYF50XfI7xeO90+1bZvNwxIufQ9hDQVRJH5YhgPVF8A/HQ==',
    commands: { esbuild: 'bin/esbuild' },
  },
  {
    // Go, static; reads its declaration files from its own directory.
    name: '@typescript/typescript-linux-x64',
    version: '7.0.2',
    integrity: 'sha512-EYdf2cNg7rgCWJnxCdJ+F3V39O8ihb37eHAu1LK8oAFizgTQbPOK7zHHXbPt8rX24COqODXeI3sIf0fCXG7H/A==',
    commands: { tsc7: 'lib/tsc' },
  },
  {
    // Rust, dynamic (glibc).
    name: '@biomejs/cli-linux-x64',
    version: '2.6.6',
    integrity: 'sha512-l8/aPXc1cz8VpUyd4hb5Pm5zx+X3voQBks4aLYbp5pC8KSchuHyvqDfY5xax39qCHomI/2xn6NKEot+zebG38g==',
    commands: { biome: 'biome' },
  },
  {
    // Rust, static (musl).
    name: '@biomejs/cli-linux-x64-musl',
    version: '2.6.6',
    integrity: 'sha512-DiKejs+GnFbOVQsBnukUpiB+T13tqUDFGwwjsTq51vatAsaflzFzVD0BOgjVUGRrqKgE0K0Xf+wNtkcmdN2chw==',
    commands: { 'biome-musl': 'biome' },
  },
  {
    // Rust, static.
    name: '@turbo/linux-64',
    version: '2.11.11',
    integrity: 'sha512-uImTKFYCFKsoFxjaXeJXlMPv4uU3OIIDjyzoIwYVqOtu9LnCZ/5/fzu/WP6+G9YfwGAPRplTHkKFfcI5t97RGw==',
    commands: { turbo: 'bin/turbo' },
  },
  {
    // C++ and OCaml; the compiler reads its library from lib/ocaml.
    name: 'rescript',
    version: '11.1.4',
    integrity: 'sha512-0bGU0bocihjSC6MsE3TMjHjY0EUpchyrREquLS8VsZ3ohSMD+VHUEwimEfB3kpBI1vYkw3UFZ3WD8R28guz/Vw==',
    parts: ['linux', 'lib/ocaml'],
    commands: { bsc: 'linux/bsc.exe', 'ninja-rescript': 'linux/ninja.exe' },
  },
  {
    // Haskell (GHC), static: reserves a terabyte for its heap.
    name: '@avh4/elm-format-linux-x64',
    version: '0.8.8-1',
    integrity: 'sha512-IvtmUTDw/V5mBeglLgtQMzWZPc0QvmqUmoJ+vipxYii3DJ/1KV2drtpvlLuFdBlFrehUivtrh4HhOTsdGXxyXQ==',
    commands: { 'elm-format': 'elm-format' },
  },
];

const root = fileURLToPath(new URL('../.elf-cache/npm/', import.meta.url));
const commandDirectory = join(root, 'bin');
mkdirSync(commandDirectory, { recursive: true });

/** The directory of a package; its name is flat, so that relative links to it are short. */
const directoryOf = ({ name, version }) => `${name.replace('@', '').replaceAll('/', '-')}-${version}`;

function fetchPackage(each) {
  const { name, version, integrity, parts } = each;
  const work = mkdtempSync(join(root, 'fetch-'));
  try {
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', work], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = join(work, readdirSync(work)[0]);
    const hash = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (hash !== integrity) throw new Error(`${name}@${version}: the archive has ${hash} and not ${integrity}.`);
    const content = join(work, 'content');
    mkdirSync(content);
    const kept = parts === undefined ? [] : parts.map((part) => `*/${part}/*`);
    execFileSync('tar', [
      '-xzf',
      archive,
      '-C',
      content,
      '--strip-components=1',
      '--wildcards',
      '--no-same-owner',
      ...kept,
    ]);
    renameSync(content, join(root, directoryOf(each)));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
for (const each of PACKAGES) {
  const commands = Object.entries(each.commands);
  if (wanted.length > 0 && !commands.some(([command]) => wanted.includes(command))) continue;
  const directory = directoryOf(each);
  if (!existsSync(join(root, directory))) {
    console.log(`fetching ${each.name}@${each.version} ...`);
    fetchPackage(each);
  }
  for (const [command, file] of commands) {
    rmSync(join(commandDirectory, command), { force: true });
    symlinkSync(join('..', directory, file), join(commandDirectory, command));
    console.log(`${command} -> .elf-cache/npm/${directory}/${file}`);
  }
}
