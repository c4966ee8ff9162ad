// The machine formats of elf check: what tools that read them demand, names that need escaping, and the same exit status in all.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHECK_RULES } from '@elf/exec/check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCommand } from '../commands/check.ts';
import { CHECK_FORMATS } from './check-option-rows.ts';
import { progressBar } from './check-progress.ts';
import { buildZip } from './test-support/build-zip.ts';
import { armLibrary, cleanProgram, crowdedProgram } from './test-support/tiny-elf.ts';

const ODD = 'odd: name, 100% `code` |\nline.elf';
let root = '';
const at = (name: string) => join(root, name);

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'elf-formats-'));
  writeFileSync(at('clean'), cleanProgram);
  writeFileSync(at(ODD), crowdedProgram);
  writeFileSync(at('app.apk'), buildZip([{ name: 'lib/arm64-v8a/a b.so', bytes: armLibrary(0x1000), alignment: 4 }]));
});
afterAll(() => rmSync(root, { recursive: true }));

async function check(...args: string[]) {
  let out = '';
  let err = '';
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (err += text) };
  const host = { environment: {}, hasColors: false, isTerminal: false, terminal: undefined };
  return { status: await checkCommand(args, io, host), out, err };
}

const all = () => [at('clean'), at(ODD), at('app.apk'), at('missing')];

it.each(CHECK_FORMATS)('%s: the exit status is that of every format', async (format) => {
  expect((await check('--format', format, at('clean'))).status).toBe(0);
  expect((await check('--format', format, at(ODD), '--host-page-size=16k')).status).toBe(1);
  expect((await check('--format', format, ...all())).status).toBe(2);
});

describe('json', () => {
  it('has a schema version, 64-bit values as text, and a summary', async () => {
    const { out } = await check('--format', 'json', ...all());
    const document = JSON.parse(out);
    expect(document).toMatchObject({
      schema: 1,
      tool: 'elf check',
      unreadable: [{ path: at('missing') }],
      summary: { files: 3, unreadable: 1, status: 2 },
    });
    const [clean, odd, library] = document.files;
    expect(clean).toMatchObject({ path: at('clean'), kind: 'elf-executable', bytes: cleanProgram.length });
    const damage = odd.findings.find(({ rule }: { rule: string }) => rule === 'ELF-PG-DAMAGE');
    expect(damage.location.address).toBe('0x400000');
    expect(damage.evidence.ranges[0]).toMatchObject({ start: '0x400000', wanted: { kind: 'file', fileOffset: '0x0' } });
    expect(odd.verdicts).toContainEqual({ loader: 'latx-304', hostPageBytes: 16384, verdict: 'loads', rules: [] });
    expect(library).toMatchObject({
      path: `${at('app.apk')}!lib/arm64-v8a/a b.so`,
      file: at('app.apk'),
      member: 'lib/arm64-v8a/a b.so',
    });
  });

  it('is a document even when there is nothing in it', async () => {
    expect(JSON.parse((await check('--format=json', at('missing'))).out)).toMatchObject({
      files: [],
      summary: { files: 0 },
    });
  });

  it('comes line by line as jsonl', async () => {
    const lines = (await check('--format', 'jsonl', ...all())).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type }) => type)).toEqual(['file', 'file', 'file', 'unreadable', 'summary']);
    expect(lines.every(({ schema }) => schema === 1)).toBe(true);
  });
});

describe('sarif', () => {
  interface Result {
    ruleId: string;
    ruleIndex: number;
    level: string;
    message: { text: string };
    locations: [
      { physicalLocation: { artifactLocation: { uri: string; index: number }; region?: Record<string, number> } },
    ];
    partialFingerprints: Record<string, string>;
  }

  it('is what the schema of SARIF 2.1.0 demands', async () => {
    const log = JSON.parse((await check('--format', 'sarif', ...all())).out);
    expect(Object.keys(log)).toEqual(['$schema', 'version', 'runs']);
    expect(log.version).toBe('2.1.0');
    const [run] = log.runs;
    const { driver } = run.tool;
    expect(driver.rules.map(({ id }: { id: string }) => id)).toEqual(CHECK_RULES.map(({ id }) => id));
    for (const rule of driver.rules) {
      expect(['none', 'note', 'warning', 'error']).toContain(rule.defaultConfiguration.level);
      for (const text of [rule.shortDescription, rule.fullDescription, rule.help]) expect(text.text).not.toBe('');
    }
    expect(run.invocations).toMatchObject([
      { executionSuccessful: false, exitCode: 2, toolExecutionNotifications: [{ level: 'error' }] },
    ]);
    expect(run.results.length).toBeGreaterThan(5);
    for (const result of run.results as Result[]) {
      expect(driver.rules[result.ruleIndex].id).toBe(result.ruleId);
      expect(['note', 'warning', 'error']).toContain(result.level);
      const [{ physicalLocation }] = result.locations;
      const { uri, index } = physicalLocation.artifactLocation;
      expect(run.artifacts[index].location.uri).toBe(uri);
      // RFC 3986: nothing but unreserved characters, separators and escapes.
      expect(uri).toMatch(/^(file:\/\/)?[\w\-.~/%!'()*:,@&=+$;]+$/);
      if (physicalLocation.region !== undefined) expect(physicalLocation.region.byteOffset).toBeGreaterThanOrEqual(0);
    }
  });

  it('puts members into their archives', async () => {
    const [run] = JSON.parse((await check('--format', 'sarif', at('app.apk'))).out).runs;
    expect(run.artifacts).toEqual([
      { location: { uri: expect.stringMatching(/^file:.*app\.apk$/) } },
      { location: { uri: 'lib/arm64-v8a/a%20b.so' }, parentIndex: 0 },
    ]);
    expect(run.results.map(({ ruleId }: Result) => ruleId)).toEqual(
      expect.arrayContaining(['ELF-AN-ALIGNMENT', 'ELF-AN-ZIP-ALIGNMENT']),
    );
  });

  it('keeps relative paths relative, and fingerprints that do not depend on addresses', async () => {
    const once = JSON.parse((await check('--format', 'sarif', at(ODD))).out).runs[0].results as Result[];
    const prints = once.map(({ partialFingerprints }) => partialFingerprints['elfCheck/v1']);
    expect(prints.every((print) => !/0x/.test(print))).toBe(true);
  });
});

describe('github', () => {
  it('escapes what would end a command or a property', async () => {
    const { out } = await check('--format', 'github', at(ODD), '--host-page-size', '16k');
    const commands = out.trimEnd().split('\n');
    expect(commands.pop()).toMatch(/^elf check: 1 file, /);
    expect(commands.length).toBeGreaterThan(2);
    for (const line of commands) {
      const [, severity, properties, message] = /^::(error|warning|notice) ([^:]*)::(.*)$/.exec(line) ?? [];
      expect(severity).toBeDefined();
      const file = /^file=([^,]*),title=[^,]*$/.exec(properties)?.[1] ?? '';
      expect(decodeURIComponent(file)).toBe(at(ODD));
      expect(message).toContain('%0A');
      expect(message).toContain('100%25');
    }
  });
});

describe('markdown', () => {
  it('has a table of files and a section for each with findings, whatever the names are', async () => {
    const { out } = await check('--format', 'markdown', ...all());
    const table = out.split('\n').filter((line) => line.startsWith('| ') && line.includes('executable'));
    expect(table).toHaveLength(2);
    for (const line of table) expect(line.replaceAll('\\|', '').split('|')).toHaveLength(8);
    expect(out).toContain('## Unreadable');
    expect(out).toMatch(/^## `` .*odd: name, 100% `code` \\\|\?line\.elf ``$/m);
    expect(out).toMatch(/^\| qemu-3\.1-8\.0 \| loads \| \d+ bytes wrong \| loads \|$/m);
    expect(out).toContain('**error ELF-AN-ALIGNMENT**');
  });
});

describe('the progress bar', () => {
  it('is drawn after half a second only, and taken away', () => {
    let written = '';
    const stream: NodeJS.WritableStream = {
      write: (text: string) => {
        written += text;
        return true;
      },
      isTTY: true,
      columns: 80,
      cursorTo: () => true,
      clearLine: () => true,
      on: () => stream,
      removeListener: () => stream,
    } as unknown as NodeJS.WritableStream;
    let time = 0;
    const progress = progressBar(stream, () => time);
    progress.found(10);
    progress.done('early');
    expect(written).toBe('');
    time = 600;
    progress.done('late\u001b[2J');
    expect(written).toContain('2/10');
    expect(written).not.toContain('\u001b[2J');
    progress.stop();
  });
});
