// `npm run test:browser`: builds the page and tests it in a real Chromium.
import { join } from 'node:path';
import { build, setUp } from './set-up.mjs';
import { cacheFolder, finish, giveUp, step } from './steps.mjs';

const report = join(cacheFolder, 'vitest-browser.json');

if (!(await setUp()) || !(await build('@elf/web'))) giveUp();
await step(
  'the page in a browser',
  [
    'vitest',
    'run',
    '--root=apps/web',
    '--config=vitest.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ],
  { show: true, vitestReport: report },
);
finish();
