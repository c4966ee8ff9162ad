// `npm start`: sets everything up, runs the embedded program and tells the story of its load.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { build, setUp } from './set-up.mjs';
import { root } from './steps.mjs';

const command = join(root, 'apps/cli/dist/elf.js');
const program = 'fixtures/hello-asm/hello';

/** Shows a command as a person would type it, runs it, and fails as it fails. */
function show(title, parameters) {
  console.log(`\n${title}\n$ elf ${parameters.join(' ')}`);
  const { status } = spawnSync(process.execPath, [command, ...parameters], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

if (!(await setUp()) || !(await build('@elf/cli'))) process.exit(1);
show('An unmodified Linux x86-64 program, run by JavaScript and WebAssembly:', ['run', program, 'one', 'two words']);
show('How it was loaded, step by step:', ['explain', program]);
console.log('\nNow try it on a program of yours: node apps/cli/dist/elf.js run PROGRAM ARGUMENTS');
