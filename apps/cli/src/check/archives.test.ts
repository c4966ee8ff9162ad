// elf check on archives: packages, nested members, alignment, limits, damage, and many mutated archives.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { visitInput } from './check-inputs.ts';
import type { CheckTarget } from './check-target.ts';
import { type BuiltMember, buildZip } from './test-support/build-zip.ts';
import { armLibrary, cleanProgram } from './test-support/tiny-elf.ts';
import { collectMember, UnpackBudget } from './unpack-budget.ts';

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'elf-archives-'));
});
afterAll(() => rmSync(root, { recursive: true }));

interface Visit {
  readonly path: string;
  readonly member: string | undefined;
  readonly bytes: number;
  readonly zip: CheckTarget['zip'];
}

async function visitFile(
  name: string,
  bytes: Uint8Array,
): Promise<{ visits: Visit[]; problems: string[]; skipped: string[] }> {
  const file = join(root, name);
  writeFileSync(file, bytes);
  const visits: Visit[] = [];
  const problems: string[] = [];
  const skipped: string[] = [];
  const shorten = (path: string) => path.replace(`${root}/`, '');
  await visitInput(
    file,
    {
      visit({ path, member, source, zip }) {
        // Sources answer for every byte, wherever it lies in the archive.
        expect(source.read(0, source.size).length).toBe(source.size);
        visits.push({ path: shorten(path), member, bytes: source.size, zip });
      },
      unreadable: (path, message) => problems.push(`${shorten(path)}: ${message}`),
      skipped: (path) => skipped.push(shorten(path)),
    },
    { found: () => undefined, done: () => undefined },
  );
  return { visits, problems, skipped };
}

const text = (content: string) => new TextEncoder().encode(content.padEnd(64, '.'));
const LIBRARY = armLibrary(0x4000);

describe('ZIP archives and packages', () => {
  const members: readonly BuiltMember[] = [
    { name: 'AndroidManifest.xml', bytes: text('manifest') },
    { name: 'lib/arm64-v8a/aligned.so', bytes: LIBRARY, alignment: 16384 },
    { name: 'lib/arm64-v8a/loose.so', bytes: LIBRARY, alignment: 4 },
    { name: 'lib/arm64-v8a/packed.so', bytes: LIBRARY, isCompressed: true },
    { name: 'assets/tool', bytes: cleanProgram, isCompressed: true },
    { name: 'assets/text.txt', bytes: text('long '.repeat(5000)), isCompressed: true },
  ];

  it('give members with their place in the package', async () => {
    const { visits, problems, skipped } = await visitFile('app.apk', buildZip(members));
    expect(problems).toEqual([]);
    expect(visits.map(({ path }) => path)).toEqual([
      'app.apk!lib/arm64-v8a/aligned.so',
      'app.apk!lib/arm64-v8a/loose.so',
      'app.apk!lib/arm64-v8a/packed.so',
      'app.apk!assets/tool',
    ]);
    expect(visits[0].zip).toMatchObject({ isCompressed: false, isInstallable: true });
    expect((visits[0].zip?.dataOffset ?? 1) % 16384).toBe(0);
    expect((visits[1].zip?.dataOffset ?? 0) % 16384).not.toBe(0);
    expect(visits[2].zip).toMatchObject({ isCompressed: true });
    expect(visits[3].zip).toBeUndefined();
    expect(visits.every(({ bytes }) => bytes === LIBRARY.length)).toBe(true);
    expect(skipped).toContain('app.apk!assets/text.txt');
  });

  it('that are bundles are repacked before they are installed', async () => {
    const { visits } = await visitFile('app.aab', buildZip([{ name: 'base/lib/arm64-v8a/x.so', bytes: LIBRARY }]));
    expect(visits[0].zip).toMatchObject({ isInstallable: false });
  });

  it('are known by their bytes, not by their name', async () => {
    expect((await visitFile('data.bin', buildZip([{ name: 'x', bytes: cleanProgram }]))).visits).toHaveLength(1);
  });
});

describe('TAR archives', () => {
  const entries = [
    { header: { name: 'dir/', type: 'directory' as const, size: 0 } },
    { header: { name: 'dir/program', size: cleanProgram.length }, body: cleanProgram },
    { header: { name: 'dir/readme', size: 64 }, body: text('readme') },
    { header: { name: 'dir/link', type: 'symlink' as const, size: 0, linkname: '/etc/passwd' } },
    { header: { name: `${'long/'.repeat(40)}x.so`, size: LIBRARY.length }, body: LIBRARY },
  ];

  it.each([
    ['plain.tar', (bytes: Uint8Array) => bytes],
    ['packed.tgz', (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes))],
  ])('%s', async (name, wrap) => {
    const { visits, problems, skipped } = await visitFile(name, wrap(await packTar(entries)));
    expect(problems).toEqual([]);
    expect(visits.map(({ path }) => path)).toEqual([`${name}!dir/program`, `${name}!${'long/'.repeat(40)}x.so`]);
    expect(skipped).toEqual([`${name}!dir/readme`]);
  });

  it('written by GNU tar are read, large members included', async () => {
    const large = new Uint8Array(3 << 20);
    large.set(cleanProgram);
    const { visits } = await visitFile(
      'large.tgz',
      new Uint8Array(gzipSync(await packTar([{ header: { name: 'large', size: large.length }, body: large }]))),
    );
    expect(visits).toEqual([{ path: 'large.tgz!large', member: 'large', bytes: large.length, zip: undefined }]);
  });

  it('that are cut short give what was before the cut, and say so', async () => {
    const whole = await packTar(entries);
    const { visits, problems } = await visitFile('cut.tar', whole.subarray(0, whole.length - 12000));
    expect(visits.map(({ member }) => member)).toEqual(['dir/program']);
    expect(problems).toHaveLength(1);
    const packed = gzipSync(whole);
    const cut = await visitFile('cut.tgz', new Uint8Array(packed.subarray(0, packed.length - 200)));
    expect(cut.problems).toHaveLength(1);
  });
});

describe('ar archives', () => {
  const member = (name: string, bytes: Uint8Array) =>
    Buffer.concat([
      Buffer.from(
        `${`${name}/`.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'644'.padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`,
      ),
      bytes,
    ]);

  it('give object files, and the archives of a Debian package', async () => {
    const tgz = new Uint8Array(
      gzipSync(await packTar([{ header: { name: './usr/bin/x', size: cleanProgram.length }, body: cleanProgram }])),
    );
    const padded = tgz.length % 2 === 0 ? tgz : Uint8Array.from([...tgz, 0]);
    const bytes = Buffer.concat([
      Buffer.from('!<arch>\n'),
      member('debian-binary', text('2.0')),
      member('data.tar.gz', padded),
      member('a.o', cleanProgram),
    ]);
    const { visits, skipped } = await visitFile('x.deb', new Uint8Array(bytes));
    expect(visits.map(({ path }) => path)).toEqual(['x.deb!data.tar.gz!./usr/bin/x', 'x.deb!a.o']);
    expect(skipped).toEqual(['x.deb!debian-binary']);
  });

  it('that are damaged say so', async () => {
    const { visits, problems } = await visitFile(
      'bad.a',
      new Uint8Array(Buffer.concat([Buffer.from('!<arch>\n'), member('a.o', cleanProgram).subarray(0, 5000)])),
    );
    expect(visits.length + problems.length).toBeGreaterThan(0);
  });
});

describe('archives inside archives', () => {
  it('are opened twice, not deeper', async () => {
    const apk = buildZip([{ name: 'lib/arm64-v8a/x.so', bytes: LIBRARY, alignment: 16384 }]);
    const tgz = new Uint8Array(
      gzipSync(await packTar([{ header: { name: 'inner.apk', size: apk.length }, body: apk }])),
    );
    const { visits } = await visitFile('outer.zip', buildZip([{ name: 'middle.tgz', bytes: tgz }]));
    expect(visits).toEqual([
      {
        path: 'outer.zip!middle.tgz!inner.apk!lib/arm64-v8a/x.so',
        member: 'middle.tgz!inner.apk!lib/arm64-v8a/x.so',
        bytes: LIBRARY.length,
        zip: { dataOffset: 16384, isCompressed: false, isInstallable: true },
      },
    ]);
    const deeper = await visitFile(
      'deeper.zip',
      buildZip([
        { name: 'o.zip', bytes: buildZip([{ name: 'p.zip', bytes: buildZip([{ name: 'q.zip', bytes: apk }]) }]) },
      ]),
    );
    expect(deeper.visits).toEqual([]);
    expect(deeper.problems[0]).toMatch(/o\.zip!p\.zip!q\.zip: archives more than 2 deep/);
  });
});

describe('limits', () => {
  it('bombs are given up, and what was found before stays', async () => {
    const bomb = new Uint8Array(300 << 20);
    bomb.set(cleanProgram);
    const { visits, problems } = await visitFile(
      'bomb.zip',
      buildZip([
        { name: 'good', bytes: cleanProgram },
        { name: 'bomb', bytes: bomb, isCompressed: true },
        { name: 'after', bytes: cleanProgram },
      ]),
    );
    expect(visits.map(({ member }) => member)).toEqual(['good', 'after']);
    expect(problems[0]).toMatch(/^bomb\.zip!bomb: larger than 268435456 bytes and compressed/);
  });

  it('of a whole archive are counted over its members', async () => {
    const budget = new UnpackBudget(1000);
    const member = () => ({
      chunks: (async function* () {
        yield new Uint8Array(600);
      })(),
      stop: () => undefined,
    });
    expect((await collectMember(member(), 4, () => true, budget))?.length).toBe(600);
    await expect(collectMember(member(), 4, () => true, budget)).rejects.toThrow('unpacks to more than 1000 bytes');
  });

  it('unpack no more of a member than its first bytes when they are of no interest', async () => {
    let chunks = 0;
    async function* endless() {
      for (;;) {
        chunks++;
        yield new Uint8Array(512);
      }
    }
    expect(await collectMember({ chunks: endless(), stop: () => undefined }, 512, () => false)).toBeUndefined();
    expect(chunks).toBe(1);
  });

  it.each([
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
    ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
    ['bzip2', [0x42, 0x5a, 0x68]],
  ])('%s is named as what is not supported', async (kind, magic) => {
    const { problems } = await visitFile(`x.${kind}`, Uint8Array.from([...magic, ...new Uint8Array(600)]));
    expect(problems).toEqual([`x.${kind}: ${kind} compression is not supported; decompress it first`]);
  });
});

describe('damage', () => {
  it('of one member does not stop the others', async () => {
    const { visits, problems } = await visitFile(
      'odd.zip',
      buildZip([
        { name: 'odd', bytes: cleanProgram, isCompressed: true, method: 14 },
        { name: 'liar', bytes: cleanProgram, isCompressed: true, claimedBytes: 100 },
        { name: 'good', bytes: cleanProgram },
      ]),
    );
    expect(visits.map(({ member }) => member)).toEqual(['good']);
    expect(problems).toEqual([
      expect.stringContaining('odd.zip!odd: compression method 14 is not supported'),
      expect.stringContaining('odd.zip!liar: '),
    ]);
  });

  it('anywhere ends in a message, never in an exception or a hang', async () => {
    const seeds = [
      buildZip([
        { name: 'lib/arm64-v8a/x.so', bytes: LIBRARY },
        { name: 'y', bytes: cleanProgram, isCompressed: true },
      ]),
      await packTar([
        { header: { name: 'p', size: cleanProgram.length }, body: cleanProgram },
        { header: { name: 'q', size: 64 }, body: text('q') },
      ]),
    ];
    const packed = gzipSync(seeds[1]);
    const all = [...seeds, new Uint8Array(packed)];
    let state = 5;
    const random = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    for (let round = 0; round < 240; round++) {
      const bytes = all[round % all.length].slice();
      // Directories lie at the end of ZIP files, headers at the start of TAR and gzip files.
      for (let change = random(8); change >= 0; change--) {
        const place =
          round % 3 === 0 && random(2) === 0 ? bytes.length - 1 - random(200) : random(Math.min(600, bytes.length));
        bytes[place] = [0, 0xff, 0x30, random(256)][random(4)];
      }
      const cut = random(6) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
      const { visits, problems, skipped } = await visitFile('mutated', cut);
      expect(visits.length + problems.length + skipped.length).toBeLessThan(10);
    }
  });
});
