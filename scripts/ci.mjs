// What CI runs: `npm test` first, then the longer suites, each bounded; ends with the sum over all of them.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { addResults, cacheFolder, finish, root, step } from './steps.mjs';

const totals = join(cacheFolder, 'npm-test.json');

rmSync(totals, { force: true });
const passed = await step('npm test', ['npm', 'test'], {
  show: true,
  counted: false,
  environment: { ELF_TOTALS: totals },
});
try {
  const results = JSON.parse(readFileSync(totals, 'utf8'));
  addResults(results.passed, results.failed);
} catch {
  addResults(0, 1);
}

// Without a build the suites below would only repeat one cause.
if (passed) {
  await step('npm start', ['npm', 'start'], { show: true });
  await step('commands of the documents', ['npm', 'run', 'test:docs']);
  const report = join(cacheFolder, 'vitest-browser.json');
  await step('the page in a browser', ['npm', 'run', 'test:browser'], { show: true, vitestReport: report });
  await step('parser fuzz, 200,000 mutations', ['npm', 'run', 'fuzz', '--', '--iterations', '200000', '--seed', '7']);
  await step('memory model, 200,000 operations', [
    'npm',
    'run',
    'fuzz:memory',
    '--',
    '--operations',
    '200000',
    '--seed',
    '7',
  ]);
  await step('execve against this kernel', ['npm', 'run', 'test:kernel', '--', '--only-differences']);
  const corpus = ['npm', 'run', 'test:corpus', '--', '--jobs', '2', '--of'];
  await step('shells and text tools, natively and here', [
    ...corpus,
    'dash,bash,sed,grep,mawk,findutils,diffutils,tar,gzip',
  ]);
  const coreutils =
    'tail,sort,ls,cp,mv,rm,stat,wc,cut,tr,head,date,dd,od,md5,sha,base,split,join,tee,ln,du,env,seq,test';
  await step('coreutils, natively and here', [...corpus, 'coreutils', '--only', coreutils]);
  await step('core files in gdb', ['npm', 'run', 'test:cores'], { show: true });
  await step('sessions of gdb', ['npm', 'run', 'test:gdb'], { show: true });
  await step('stress and random system calls', ['npm', 'run', 'test:stress', '--', '--seconds', '60'], { show: true });
  await step('elf check beside readelf', ['npm', 'run', 'bench:check', '--', '--rounds', '1', '--files', '3000'], {
    show: true,
  });
  const hardware = ['npm', 'run', 'test:hardware', '--'];
  await step('our CPU against this one', [...hardware, '--seconds', '40'], { show: true });
  await step('our CPU against this one, 32-bit', [...hardware, '--seconds', '20', '--mode', '32'], { show: true });
  await step('the same in bulk', [...hardware, '--bulk', '--seconds', '40'], { show: true });
  await step('the same in bulk, 32-bit', [...hardware, '--bulk', '--seconds', '40', '--mode', '32'], { show: true });
  await step('every encoding against this processor', ['npm', 'run', 'test:encodings'], { show: true });
  const replay = ['npm', 'run', 'replay', '--', '--steps', '300000'];
  await step(
    'a shell loop, state by state',
    [...replay, '/bin/sh', '-c', 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'],
    {
      show: true,
    },
  );
  await step('code that changes itself', [...replay, 'packages/x86/native/self-modifying.c', '1', '20'], {
    show: true,
  });
  await step('interpreter speed', ['npm', 'run', 'bench:loop'], { show: true });
  await step('speed beside native and qemu', ['npm', 'run', 'bench', '--', '--rounds', '1'], { show: true });
}
console.log(`\nChecked ${root.split('/').at(-1)} on Node ${process.version}.`);
finish();
