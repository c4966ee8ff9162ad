// The files every row of the corpus finds in its working directory: made from arithmetic, the same on every computer.
import { chmodSync, linkSync, lutimesSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** 2020-09-13T12:26:40Z: every input has this time. */
const INPUT_TIME_SECONDS = 1_600_000_000;
const WORDS =
  'alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon'.split(
    ' ',
  );

/** A linear congruential generator (the constants of Numerical Recipes): repeatable bytes. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 8;
  };
}

function textOf(lines: number, seed: number): string {
  const next = generator(seed);
  const line = () => Array.from({ length: 4 + (next() % 8) }, () => WORDS[next() % WORDS.length]).join(' ');
  return Array.from({ length: lines }, () => `${line()}\n`).join('');
}

function binaryOf(length: number, seed: number): Buffer {
  const next = generator(seed);
  return Buffer.from(Array.from({ length }, () => next() & 0xff));
}

function tableOf(lines: number, seed: number): string {
  const next = generator(seed);
  const records = Array.from(
    { length: lines },
    (_, index) =>
      `${index + 1},${WORDS[next() % WORDS.length]},${next() % 1000},${((next() % 10000) / 100).toFixed(2)}\n`,
  );
  return `id,name,count,price\n${records.join('')}`;
}

/** Text by name; contents that a script cannot make shorter itself. */
export const INPUT_FILES: Readonly<Record<string, () => string | Buffer>> = {
  'words.txt': () => textOf(200, 1),
  'other.txt': () => textOf(180, 2),
  'numbers.txt': () => `${Array.from({ length: 100 }, (_, index) => (index * 7919) % 101).join('\n')}\n`,
  'table.csv': () => tableOf(100, 3),
  'data.bin': () => binaryOf(40_000, 4),
  empty: () => '',
  'data.json': () =>
    `${JSON.stringify({ title: 'täglich', list: [1, 2.5, -3e10, null, true], nested: { a: { b: ['x', 'y'] } } })}\n`,
  'hello.c': () =>
    '#include <stdio.h>\n#include <stdlib.h>\nstatic int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }\n' +
    'int main(int argc, char **argv) {\n  printf("hello %d %s\\n", fib(argc > 1 ? atoi(argv[1]) : 15), argc > 2 ? argv[2] : "");\n  return 3;\n}\n',
  'document.xml': () => '<?xml version="1.0"?>\n<r><a k="1">x</a><a k="2">y &amp; z</a></r>\n',
  'tree/a/one.txt': () => 'one\n',
  'tree/a/two.log': () => 'two\ntwo\n',
  'tree/b/c/three.txt': () => 'three\n',
  'tree/b/script.sh': () => '#!/bin/sh\necho "script $0 $*"\nexit 7\n',
};

/** Fills an empty directory. */
export function writeInputs(directory: string): void {
  for (const [name, content] of Object.entries(INPUT_FILES)) {
    const path = join(directory, name);
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, content());
    chmodSync(path, name.endsWith('.sh') ? 0o755 : 0o644);
  }
  symlinkSync('a/one.txt', join(directory, 'tree/link'));
  symlinkSync('nowhere', join(directory, 'tree/broken'));
  linkSync(join(directory, 'tree/a/one.txt'), join(directory, 'tree/hard'));
  for (const name of ['tree/link', 'tree/broken'])
    lutimesSync(join(directory, name), INPUT_TIME_SECONDS, INPUT_TIME_SECONDS);
  for (const name of [...Object.keys(INPUT_FILES), 'tree/a', 'tree/b/c', 'tree/b', 'tree']) {
    utimesSync(join(directory, name), INPUT_TIME_SECONDS, INPUT_TIME_SECONDS);
  }
}
