// binfmt_misc and the entry of execve, command by command, against a real kernel: live where it may be asked, recorded elsewhere.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { askKernel } from '../test-support/misc-kernel.ts';
import { MiscModel } from '../test-support/misc-model.ts';
import { miscScenarios } from '../test-support/misc-scenarios.ts';

const RECORDED = fileURLToPath(new URL('../../vectors/binfmt-scenarios.json', import.meta.url));
const scenarios = miscScenarios();

/** The kernel's answers to each scenario's commands. */
type Recorded = Readonly<Record<string, readonly string[]>>;

function observe(): Recorded | undefined {
  const answers = askKernel(scenarios.flatMap(({ commands }) => commands));
  if (answers === undefined) return undefined;
  let at = 0;
  return Object.fromEntries(
    scenarios.map(({ name, commands }) => [name, answers.slice(at, (at += commands.length)).map(readable)]),
  );
}

/** Answers hold hexadecimal text; a reader wants it plain. */
function readable(answer: string): string {
  const [kind, ...words] = answer.split(' ');
  if (kind !== 'exit' && kind !== 'text') return answer;
  const text = Buffer.from(words.at(-1) ?? '', 'hex').toString('latin1');
  return [kind, ...words.slice(0, -1), text].join(' ');
}

const live = observe();
if (process.env.ELF_RECORD_MISC && live) writeFileSync(RECORDED, `${JSON.stringify(live, undefined, 1)}\n`);
const recorded: Recorded = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : {};

describe('scenarios', () => {
  it('were recorded, and this kernel still agrees', () => {
    expect(Object.keys(recorded)).toEqual(scenarios.map(({ name }) => name));
    if (live !== undefined) expect(live).toEqual(recorded);
  });

  it('start many programs', () => {
    const starts = scenarios.flatMap(({ commands }) => commands).filter(([verb]) => /^(exec|space|count)/.test(verb));
    expect(starts.length).toBeGreaterThan(150);
  });

  const model = new MiscModel();
  it.each(scenarios)('$name', ({ name, commands }) => {
    const answers = commands.map((command) => [command, readable(model.obey(command))]);
    expect(answers).toEqual(commands.map((command, at) => [command, recorded[name]?.[at]]));
  });
});
