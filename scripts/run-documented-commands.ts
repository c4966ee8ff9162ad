// Runs the shell examples of README.md and CONTRIBUTING.md that are marked to be run (fences that open with ```sh run).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
let count = 0;
let failures = 0;

for (const document of ['README.md', 'CONTRIBUTING.md']) {
  const markdown = readFileSync(join(root, document), 'utf8');
  for (const [, script] of markdown.matchAll(/^```sh run[ \t]*\n([\s\S]*?)^```/gm)) {
    count += 1;
    const { status, stdout, stderr } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
      cwd: root,
      encoding: 'utf8',
      timeout: 300_000,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (status === 0) continue;
    failures += 1;
    console.error(`${document}: status ${status}\n${script}${stdout}${stderr}`);
  }
}

console.log(`${count} documented examples run, ${failures} failed`);
process.exitCode = failures > 0 || count === 0 ? 1 : 0;
