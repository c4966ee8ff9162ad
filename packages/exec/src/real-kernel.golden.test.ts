// Success, error number or death of crafted images: ours against this machine's kernel where it can run, against its record elsewhere.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Access, bytesBacking, FaultCause } from '@elf/mm';
import { guestPageAddress, guestPageOffset } from '@elf/pagesize';
import { bytesSource } from '@elf/parse';
import { afterAll, describe, expect, it } from 'vitest';
import { ExecErrno } from './exec-errno.ts';
import type { ExecFiles, ExecOutcome } from './exec-request.ts';
import { type CraftedImage, craftedImages, craftedInterpreters } from './test-support/crafted-images.ts';
import { run } from './test-support/run-execve.ts';

const SOURCE = fileURLToPath(new URL('../native/run-execve.c', import.meta.url));
const RECORDED = fileURLToPath(new URL('../vectors/execve-outcomes.json', import.meta.url));
const SIGSEGV = 11;
const SIGBUS = 7;
const ENOTDIR = 20;
/** A directory whose name has the length of mkdtemp's, so that recorded and live cases have the same sizes. */
const directory = mkdtempSync(join(tmpdir(), 'elf-exec-'));
const images = craftedImages(directory);
const all = [...craftedInterpreters(), ...images];

afterAll(() => rmSync(directory, { recursive: true }));

const content = ({ program }: CraftedImage) =>
  typeof program === 'string' ? Uint8Array.from(program, (character) => character.charCodeAt(0)) : program;

/** What the kernel did with every image: "exit 0", "errno N" or "signal N". Undefined where it cannot be asked. */
function observeLive(): Record<string, string> | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const runner = join(directory, 'runner');
  if (spawnSync('gcc', ['-O1', '-o', runner, SOURCE]).status !== 0) return undefined;
  for (const image of all) {
    writeFileSync(join(directory, image.name), content(image));
    chmodSync(join(directory, image.name), image.mode ?? 0o755);
  }
  const ran = spawnSync(
    runner,
    images.map(({ name }) => join(directory, name)),
    { encoding: 'utf8' },
  );
  const lines = ran.stdout.trimEnd().split('\n');
  if (lines.length !== images.length) throw new Error(`the runner answered ${lines.length} of ${images.length} cases`);
  return Object.fromEntries(images.map(({ name }, index) => [name, lines[index]]));
}

const files: ExecFiles = {
  open(path) {
    if (path === directory) return { ...fileOf({ name: '', program: '' }), isRegularFile: false };
    const image = all.find(({ name }) => path === join(directory, name));
    if (image !== undefined) return fileOf(image);
    return path.startsWith(join(directory, 'ld/')) ? ENOTDIR : ExecErrno.ENOENT;
  },
};

function fileOf(image: CraftedImage) {
  const bytes = content(image);
  return { source: bytesSource(bytes), backing: bytesBacking(bytes), mode: image.mode ?? 0o755, isRegularFile: true };
}

/** The fate of a started image: the crafted programs either exit at once, or fault at their first fetch. */
function fate(outcome: ExecOutcome): string {
  if (!outcome.ok) return outcome.afterPointOfNoReturn ? `signal ${SIGSEGV}` : `errno ${outcome.errno}`;
  const { space, entry } = outcome;
  const fetched = space.resolve(guestPageAddress(entry), Access.Execute);
  if (fetched === -FaultCause.BusError) return `signal ${SIGBUS}`;
  // exit(0) starts with xor edi, edi; a page of zeros would store through rax 0 and fault.
  return fetched >= 0 && space.memory.u8[fetched + guestPageOffset(entry)] === 0x31 ? 'exit 0' : `signal ${SIGSEGV}`;
}

const live = observeLive();
if (process.env.ELF_RECORD_OUTCOMES && live) writeFileSync(RECORDED, `${JSON.stringify(live, undefined, 1)}\n`);
const recorded: Record<string, string> = existsSync(RECORDED) ? JSON.parse(readFileSync(RECORDED, 'utf8')) : {};

describe('crafted images', () => {
  it('were recorded, and this kernel still agrees', () => {
    expect(Object.keys(recorded)).toEqual(images.map(({ name }) => name));
    if (live !== undefined) expect(live).toEqual(recorded);
  });

  it.each(images.map(({ name }) => [name]))('%s', (name) => {
    const credentials = { uid: 0, euid: 0, gid: 0, egid: 0, mayMapLowPages: true };
    expect(fate(run({}, { path: join(directory, name), files, credentials }))).toBe(recorded[name]);
  });
});
