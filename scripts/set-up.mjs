// Installs the dependencies when the lock file or a manifest changed, with the pinned pnpm; needs only Node and npm.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { pnpm, root, step } from './steps.mjs';

const stampPath = join(root, 'node_modules/.set-up-stamp');

/** A hash over everything that decides what is installed. */
function fingerprint() {
  const manifests = ['packages', 'apps'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => join(root, folder, name, 'package.json')),
  );
  const files = ['pnpm-lock.yaml', 'package.json', 'pnpm-workspace.yaml'].map((name) => join(root, name));
  const hash = createHash('sha256');
  for (const path of [...files, ...manifests].filter((candidate) => existsSync(candidate)))
    hash.update(readFileSync(path));
  return hash.digest('hex');
}

/** Installs if needed; false when that failed. */
export async function setUp() {
  const wanted = fingerprint();
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return true;
  const command = [...pnpm, 'install', '--frozen-lockfile', '--reporter=append-only'];
  // CI=true: pnpm must never stop to ask a question.
  const passed = await step('install dependencies', command, { counted: false, environment: { CI: 'true' } });
  if (passed) writeFileSync(stampPath, wanted);
  return passed;
}

/** Builds every package and app that `filter` names (turbo's syntax), or all of them. */
export function build(filter) {
  const command = [...pnpm, 'exec', 'turbo', 'run', 'build', '--output-logs=errors-only'];
  return step('build', filter ? [...command, `--filter=${filter}`] : command, { counted: false });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = (await setUp()) ? 0 : 1;
