// Compares our listing with objdump's, line by line and in bounded memory: npx tsx --tsconfig tsconfig.json apps/cli/src/disassemble/test-support/compare-with-objdump.ts [--intel] [-j SECTION] FILE...
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { disassembleCommand } from '../../commands/disassemble.ts';
import { toleranceOf } from './tolerances.ts';

/** What a comparison came to. */
export interface Comparison {
  lines: number;
  equal: number;
  /** Differing lines by tolerated reason. */
  readonly tolerated: Map<string, number>;
  /** The first differing lines without a reason: objdump's, then ours. */
  readonly differences: (readonly [string, string])[];
  differenceCount: number;
  /** Time that our side took, in milliseconds. */
  milliseconds: number;
}

const KEPT = 200;

/** Lines of a file, one at a time. */
class LineReader {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(0x10_0000);
  #lines: string[] = [];
  #at = 0;
  #rest = '';
  #isDone = false;

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  get current(): string | undefined {
    while (this.#at >= this.#lines.length && !this.#isDone) this.#fill();
    return this.#lines[this.#at];
  }

  advance(): void {
    this.#at += 1;
  }

  close(): void {
    closeSync(this.#file);
  }

  #fill(): void {
    const length = readSync(this.#file, this.#buffer);
    this.#isDone = length === 0;
    // Lines are ASCII or UTF-8 names; one byte a character compares either.
    this.#lines = (this.#rest + this.#buffer.toString('latin1', 0, length)).split('\n');
    this.#at = 0;
    this.#rest = this.#isDone ? '' : (this.#lines.pop() ?? '');
  }
}

/** The address that a line begins with; undefined for headings. */
function addressOf(line: string): number | undefined {
  const match = /^ *([0-9a-f]+):\t/.exec(line);
  return match === null ? undefined : Number.parseInt(match[1], 16);
}

/** Whether the objdump whose layout and words we print is installed; other versions word some instructions differently. */
export function hasObjdump(): boolean {
  const { status, stdout } = spawnSync('objdump', ['--version'], { encoding: 'utf8' });
  return status === 0 && /\b2\.40\b/.test(stdout.split('\n', 1)[0]);
}

/** Runs objdump and our command with the same words and compares. */
export function compareWithObjdump(words: readonly string[], objdump = 'objdump'): Comparison {
  const directory = mkdtempSync(join(tmpdir(), 'elf-disassemble-'));
  const path = join(directory, 'objdump.txt');
  const file = openSync(path, 'w');
  spawnSync(objdump, ['-d', ...words.map((word) => (word === '--intel' ? '-Mintel' : word))], {
    stdio: ['ignore', file, 'ignore'],
  });
  closeSync(file);
  const theirs = new LineReader(path);
  try {
    return compareLines(words, theirs);
  } finally {
    theirs.close();
    rmSync(directory, { recursive: true });
  }
}

function compareLines(words: readonly string[], theirs: LineReader): Comparison {
  const result: Comparison = {
    lines: 0,
    equal: 0,
    tolerated: new Map(),
    differences: [],
    differenceCount: 0,
    milliseconds: 0,
  };
  const differ = (theirLine: string, ourLine: string): void => {
    const reason = toleranceOf(theirLine, ourLine);
    if (reason !== undefined) {
      result.tolerated.set(reason, (result.tolerated.get(reason) ?? 0) + 1);
      return;
    }
    result.differenceCount += 1;
    if (result.differences.length < KEPT) result.differences.push([theirLine, ourLine]);
  };
  const compareLine = (line: string): void => {
    result.lines += 1;
    for (;;) {
      const other = theirs.current;
      if (other === line) {
        result.equal += 1;
        theirs.advance();
        return;
      }
      const ours = addressOf(line);
      const other0 = other === undefined ? undefined : addressOf(other);
      if (ours !== undefined && other0 !== undefined && ours < other0) {
        differ('', line);
        return;
      }
      if (other !== undefined && ours !== undefined && other0 !== undefined && other0 < ours) {
        differ(other, '');
        theirs.advance();
        continue;
      }
      differ(other ?? '', line);
      theirs.advance();
      return;
    }
  };
  let rest = '';
  let comparing = 0;
  const start = performance.now();
  disassembleCommand(words, {
    stdout: (text) => {
      const began = performance.now();
      const lines = (rest + Buffer.from(text).toString('latin1')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) compareLine(line);
      comparing += performance.now() - began;
    },
    stderr: (text) => process.stderr.write(text),
  });
  result.milliseconds = performance.now() - start - comparing;
  for (; theirs.current !== undefined && theirs.current !== ''; theirs.advance()) differ(theirs.current, '');
  return result;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const words = process.argv.slice(2);
  const { lines, equal, tolerated, differences, differenceCount, milliseconds } = compareWithObjdump(words);
  console.log(
    `${words.join(' ')}: ${lines} lines, ${equal} equal, ${differenceCount} differ, ${(milliseconds / 1000).toFixed(1)} s`,
  );
  for (const [reason, count] of tolerated) console.log(`  tolerated ${count}: ${reason}`);
  for (const [theirLine, ourLine] of differences.slice(0, 60)) console.log(`- ${theirLine}\n+ ${ourLine}`);
}
