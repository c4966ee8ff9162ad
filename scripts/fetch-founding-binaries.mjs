// Fetches the founding binaries (proprietary, never committed) from npm into the git-ignored .elf-cache: an opt-in command.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Package, version and the executable inside it. */
const BINARIES = [
  { name: '@github/copilot-linux-x64', version: '1.0.102', file: 'copilot' },
  { name: '@github/copilot-linux-x64', version: '1.0.49', file: 'copilot' },
  { name: '@anthropic-ai/claude-code-linux-x64', version: '2.1.110', file: 'claude' },
  { name: '@anthropic-ai/claude-code-linux-x64', version: '2.1.329', file: 'claude' },
];

const cache = fileURLToPath(new URL('../.elf-cache/', import.meta.url));
const wanted = process.argv.slice(2);
mkdirSync(cache, { recursive: true });
for (const { name, version, file } of BINARIES) {
  const target = join(cache, `${file}-${version}`);
  if (wanted.length > 0 && !wanted.includes(`${file}-${version}`)) continue;
  if (existsSync(target)) {
    console.log(`${file} ${version} is in the cache`);
    continue;
  }
  console.log(`fetching ${name}@${version} ...`);
  const work = mkdtempSync(join(cache, 'fetch-'));
  try {
    execFileSync('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', work], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = readdirSync(work).find((entry) => entry.endsWith('.tgz'));
    execFileSync('tar', ['-xzf', join(work, archive), '-C', work, `package/${file}`]);
    renameSync(join(work, 'package', file), target);
    console.log(`${file} ${version} -> .elf-cache/${file}-${version}`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
