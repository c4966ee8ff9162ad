// Every registration string against a real kernel: accepted or the same error number, and the same text in the entry's file.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { askKernel, latin1, SHOW } from '../test-support/misc-kernel.ts';
import { generatedRegistrations, writtenRegistrations } from '../test-support/misc-registrations.ts';
import { filesFrom } from '../test-support/run-execve.ts';
import { BinfmtMiscTable } from './misc-table.ts';

const RECORDED = fileURLToPath(new URL('../../vectors/binfmt-registrations.json', import.meta.url));
const ENOTDIR = 20;
const strings = [...new Set([...writtenRegistrations(), ...generatedRegistrations(600, 7)])];
const hex = (text: string) => Buffer.from(text, 'latin1').toString('hex');

/** What the kernel was seen to answer: string in hexadecimal, then "errno N" or the entry's text in hexadecimal. */
type Recorded = Readonly<Record<string, string>>;

function observe(): Recorded | undefined {
  const answers = askKernel(strings.map((text) => ['try', text]));
  if (answers === undefined) return undefined;
  return Object.fromEntries(strings.map((text, at) => [hex(text), answers[at].replace(/^text /, '')]));
}

const live = observe();
if (process.env.ELF_RECORD_MISC && live) writeFileSync(RECORDED, `${JSON.stringify(live, undefined, 1)}\n`);
const recorded: Recorded = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : {};

/** The interpreters that exist where the kernel was asked. */
function openInterpreter(path: Uint8Array) {
  const name = Buffer.from(path).toString('latin1');
  const directory = { [SHOW]: 'program', '/mnt': { isRegularFile: false } };
  if (name.startsWith(`${SHOW}/`)) return ENOTDIR;
  return filesFrom(directory).open(name, path);
}

/** Our answer in the same form. */
function ours(text: string): string {
  const table = new BinfmtMiscTable({ openInterpreter });
  const entry = table.register(latin1(text));
  if ('errno' in entry) return `errno ${entry.errno}`;
  return Buffer.from(table.read(entry.name) as Uint8Array).toString('hex');
}

describe('registration strings', () => {
  it('were recorded, and this kernel still agrees', () => {
    expect(Object.keys(recorded)).toEqual(strings.map(hex));
    if (live !== undefined) expect(live).toEqual(recorded);
  });

  it('are valid often enough to prove something', () => {
    const accepted = Object.values(recorded).filter((answer) => !answer.startsWith('errno'));
    expect(accepted.length).toBeGreaterThan(100);
    expect(strings.length - accepted.length).toBeGreaterThan(100);
  });

  it.each(writtenRegistrations().map((text) => [JSON.stringify(text).slice(0, 70), text]))('%s', (_name, text) => {
    expect(ours(text)).toBe(recorded[hex(text)]);
  });

  it('that were generated get the same answers', () => {
    const differing = strings.filter((text) => ours(text) !== recorded[hex(text)]);
    expect(differing.map((text) => [text, ours(text), recorded[hex(text)]])).toEqual([]);
  });
});
