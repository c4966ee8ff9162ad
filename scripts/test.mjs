// `npm test`: sets everything up and runs every check that a change must pass, in under 12 minutes on two cores.
import { join } from 'node:path';
import { build, setUp } from './set-up.mjs';
import { cacheFolder, finish, giveUp, step } from './steps.mjs';

const report = join(cacheFolder, 'vitest.json');

if (!(await setUp())) giveUp();
await step('architecture', ['tsx', 'scripts/check-architecture.ts']);
await step('types of packages and command', ['tsc', '-b']);
if (!(await build())) giveUp();
await step('types of tests and scripts', ['tsc', '-p', 'tsconfig.test.json']);
await step('types of the page', ['tsc', '-p', 'apps/web']);
await step('format and lint', ['biome', 'check', '--assist-enabled=false', '--error-on-warnings', '.']);
await step('tests', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], {
  show: true,
  vitestReport: report,
});
await step('packed packages: publint, type resolution, size, import', ['tsx', 'scripts/check-packages.ts']);
await step('unused files, exports and dependencies', ['knip']);
finish();
