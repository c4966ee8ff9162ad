// elf maps on images made here: the maps, damage beneath them, JSON, the picture, and mistakes on the command line.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PAGE_POLICIES } from '@elf/pagesize';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DAMAGED, damagedProgram, manySegments, patternAt } from '../maps/test-support/damaged-program.ts';
import { mapsCommand } from './maps.ts';

const { hostPage, codeEnd, codeShift, dataShift } = DAMAGED;

/** Bytes of code that differ when data is mapped over it, counted one by one. */
function differingBytes(): number {
  let count = 0;
  for (let at = hostPage; at < codeEnd; at++) if (patternAt(at - codeShift) !== patternAt(at - dataShift)) count++;
  return count;
}

function hexFrom(offset: number): string {
  return Array.from({ length: 16 }, (_, index) =>
    patternAt(offset + index)
      .toString(16)
      .padStart(2, '0'),
  ).join(' ');
}

/** Throws unless every tag of a document is closed in order. */
function checkWellFormed(xml: string): void {
  const open: string[] = [];
  for (const [, closing, name, attributes] of xml.matchAll(/<(\/?)([a-zA-Z]+)((?:\s+[\w:-]+="[^"<]*")*\s*\/?)>/g)) {
    if (closing === '/') expect(open.pop()).toBe(name);
    else if (!attributes.endsWith('/')) open.push(name);
  }
  expect(open).toEqual([]);
  expect(xml.replace(/<\/?[a-zA-Z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '')).not.toMatch(/[<>]/);
}

describe('elf maps', () => {
  let directory = '';
  const file = (name: string) => join(directory, name);

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'elf-maps-'));
    writeFileSync(file('program'), damagedProgram(), { mode: 0o755 });
    writeFileSync(file('interpreted'), damagedProgram(file('program')), { mode: 0o755 });
    writeFileSync(file('script'), `#!${file('program')}\n`, { mode: 0o755 });
    writeFileSync(file('many'), manySegments(15), { mode: 0o755 });
    writeFileSync(file('text'), 'words\n', { mode: 0o755 });
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  function maps(...args: string[]) {
    return mapsIn({}, ...args);
  }

  function mapsIn(environment: Record<string, string>, ...args: string[]) {
    let out = '';
    let err = '';
    const stdout = (text: string) => (out += text);
    const stderr = (text: string) => (err += text);
    const status = mapsCommand(args, { stdout, stderr }, environment);
    return { status, out, err };
  }

  it('prints what the kernel would print', () => {
    const { status, out } = maps(file('program'));
    expect(status).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(0, 32))).toEqual([
      '00400000-00401000 r--p 00000000 ',
      '00402000-00406000 r-xp 00001000 ',
      '00406000-00407000 rw-p 00006000 ',
      '00407000-00409000 rw-p 00000000 ',
      '7ffffffde000-7ffffffff000 rw-p 0',
    ]);
    expect(lines[0]).toMatch(new RegExp(`[0-9a-f]{2}:[0-9a-f]{2} [1-9]\\d* +${file('program')}$`));
    expect(lines[4]).toMatch(/\[stack\]$/);
  });

  it('shows damage beneath the line it lies in', () => {
    const { status, out } = maps('--host-page-size', '16k', '--policy', 'latx-pre304', file('program'));
    expect(status).toBe(0);
    const lines = out.trimEnd().split('\n');
    const place = lines.findIndex((line) => line.startsWith('    damage'));
    expect(lines[place - 1]).toMatch(/^00404000-0040.000 rw-p 00004000/);
    expect(lines.slice(place, place + 6)).toEqual([
      `    damage 00404000-004051a0 (4512 bytes, ${differingBytes()} differ): wanted file 0x3000, got file 0x4000; PT_LOAD 2 over PT_LOAD 1`,
      '      sections .text .plt .iplt',
      '      symbols stub',
      `      00404000 wanted ${hexFrom(0x3000)}`,
      `      00404000 got    ${hexFrom(0x4000)}`,
      '    permissions 00404000-00406000: wanted r-x, got rw-',
    ]);
    expect(lines.at(-1)).toBe(
      `program, latx-pre304 on 16 KiB pages, AT_PAGESZ 4096: 4512 bytes in 1 range come from the wrong place, ${differingBytes()} of them differ; 2 ranges with other permissions`,
    );
  });

  it('finds no damage where there is none', () => {
    for (const policy of ['latx-304', 'qemu-8.1', 'elf', 'box64-4182']) {
      const { status, out } = maps('--host-page-size=16k', `--policy=${policy}`, file('program'));
      expect(status, policy).toBe(0);
      expect(out, policy).not.toMatch(/^ {4}damage/m);
      expect(out, policy).toContain('every byte is in its place');
    }
    const { out } = maps('-host-page-size', '16k', '-policy', 'elf', file('program'));
    expect(out).toContain('permissions are exact');
  });

  it('tells why a program is refused', () => {
    const { status, out } = maps('--host-page-size', '16384', file('program'));
    expect(status).toBe(1);
    expect(out).toMatch(/^refused by rule load-congruence: .*\nthe process dies of SIGSEGV\n$/s);
    expect(maps(file('missing'))).toMatchObject({ status: 1, out: expect.stringContaining('ENOENT') });
    expect(maps('--host-page-size', '16k', '--policy', 'fex', file('program')).out).toContain('policy-host-page');
  });

  it('looks at the interpreter too, and through scripts', () => {
    const { out } = maps('--host-page-size', '16k', '--policy', 'qemu-8.1', '--json', file('interpreted'));
    expect(JSON.parse(out).images.map(({ role, path }: Record<string, string>) => [role, path])).toEqual([
      ['program', file('interpreted')],
      ['interpreter', file('program')],
    ]);
    const story = JSON.parse(maps('--json', file('script')).out);
    expect(story).toMatchObject({ file: file('script'), executable: file('program'), accepted: true });
  });

  it('prints JSON whose 64-bit values are strings', () => {
    const { out } = maps('--json', '--host-page-size', '16k', '--policy', 'latx-pre304', file('program'));
    const story = JSON.parse(out);
    expect(story).toMatchObject({
      schema: 1,
      policy: 'latx-pre304',
      profile: 'linux',
      hostPageBytes: 16384,
      accepted: true,
      entry: '0x402000',
    });
    expect(story.maps[0]).toMatchObject({
      start: '0x400000',
      end: '0x401000',
      // Read-only bytes share their host page with code.
      permissions: 'r-xp',
      offset: '0x0',
      name: file('program'),
    });
    const [image] = story.images;
    expect(image).toMatchObject({
      role: 'program',
      bias: '0x0',
      auxiliaryPageBytes: 4096,
      damagedBytes: 4512,
      differingBytes: differingBytes(),
    });
    expect(image.segments[2]).toMatchObject({ granularity: 16384, pageStart: '0x404000', overlaps: true });
    expect(image.damage[0]).toMatchObject({
      start: '0x404000',
      end: '0x4051a0',
      wanted: { kind: 'file', fileOffset: '0x3000' },
      got: { kind: 'file', fileOffset: '0x4000' },
      sections: [
        { name: '.text', start: '0x404000', end: '0x404800' },
        { name: '.plt', start: '0x404800', end: '0x4050a0' },
        { name: '.iplt', start: '0x4050a0', end: '0x4051a0' },
      ],
      symbolCount: 1,
      excerpt: { address: '0x404000' },
    });
    const refused = JSON.parse(maps('--json', '--host-page-size', '16k', file('program')).out);
    expect(refused).toMatchObject({ accepted: false, errno: 'EINVAL', afterPointOfNoReturn: true });
    expect(refused.images[0].refusal).toMatchObject({ errno: 'EINVAL', rule: 'congruence' });
  });

  it('draws a picture that is complete in itself', () => {
    const { status } = maps(
      '--svg',
      file('picture.svg'),
      '--host-page-size',
      '16k',
      '--policy',
      'latx-pre304',
      file('program'),
    );
    expect(status).toBe(0);
    const svg = readFileSync(file('picture.svg'), 'utf8');
    checkWellFormed(svg);
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+/);
    expect(svg).toContain('<title id="title">program: latx-pre304 on 16 KiB pages</title>');
    expect(svg).toContain('prefers-color-scheme:dark');
    expect(svg).not.toMatch(/href|url\((?!#)/);
    // The box in the plot, the lane, and the legend.
    expect(svg.match(/class="bad-fill"/g)?.length).toBe(3);
    expect(svg).toContain(`4512 bytes damaged, ${differingBytes()} differ`);
    for (const label of ['0 r--', '1 r-x', '2 rw-', 'file offset', 'address', '0x404000']) {
      expect(svg).toContain(`>${label}</text>`);
    }
  });

  it.each(PAGE_POLICIES.map(({ name }) => name))('draws fifteen segments far apart under %s', (policy) => {
    const picture = file(`${policy}.svg`);
    const { status } = maps('--svg', picture, '--host-page-size', '64k', '--policy', policy, file('many'));
    expect([0, 1]).toContain(status);
    const svg = readFileSync(picture, 'utf8');
    checkWellFormed(svg);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    for (let index = 0; index < 15; index++)
      expect(svg).toContain(`>${index} ${['r--', 'r-x', 'rw-'][index % 3]}</text>`);
    expect(svg).toMatch(/GiB not drawn/);
    const [, width] = /viewBox="0 0 (\d+) /.exec(svg) ?? [];
    expect(Number(width)).toBeLessThan(3000);
  });

  it('escapes names that are no XML', () => {
    const name = file('a<b&"c"\u0001');
    writeFileSync(name, damagedProgram(), { mode: 0o755 });
    maps('--svg', file('escaped.svg'), name);
    const svg = readFileSync(file('escaped.svg'), 'utf8');
    checkWellFormed(svg);
    expect(svg).toContain('a&lt;b&amp;&quot;c&quot;?: linux on 4 KiB pages');
  });

  it('repeats a randomised layout from its seed', () => {
    const lines = (seed: string) => maps('--aslr', seed, file('program')).out;
    expect(lines('5')).toBe(lines('5'));
    expect(lines('5')).not.toBe(lines('6'));
  });

  it('takes options from the environment, and lists what can be asked', () => {
    const environment = { ELF_PAGE_POLICY: 'latx-304', ELF_HOST_PAGE_SIZE: '16k' };
    expect(mapsIn(environment, file('program')).out).toContain('program, latx-304 on 16 KiB pages');
    expect(mapsIn(environment, '--policy', 'elf', file('program')).out).toContain('program, elf on 16 KiB pages');
    const list = maps('--policy', 'list');
    expect(list.status).toBe(0);
    for (const { name, title } of PAGE_POLICIES) {
      expect(list.out.split('\n')).toContainEqual(expect.stringMatching(new RegExp(`^${name} `)));
      expect(list.out).toContain(`  ${title}\n`);
    }
    expect(maps('--profile', 'list').out).toMatch(/^linux +/m);
    const help = maps('--help');
    expect(help).toMatchObject({ status: 0, err: '' });
    for (const option of ['host-page-size', 'policy', 'profile', 'aslr', 'json', 'svg'])
      expect(help.out).toContain(`-${option}`);
  });

  it.each([
    [[], 'no file given'],
    [['--policy', 'nobody', 'x'], 'there is no page policy nobody'],
    [['--profile', 'nobody', 'x'], 'there is no loader profile nobody'],
    [['--host-page-size', '3k', 'x'], '3k is no page size'],
    [['--host-page-size', '2k', 'x'], '2k is no page size'],
    [['--aslr', 'often', 'x'], '--aslr takes a number'],
    [['--color'], 'unknown option --color'],
  ])('says what is wrong with %j', (args, message) => {
    const { status, out, err } = maps(...args);
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain(`elf maps: ${message}`);
  });

  it('says why there is no picture', () => {
    const nothing = maps('--svg', file('none.svg'), file('text'));
    expect(nothing.status).toBe(2);
    expect(nothing.err).toContain('has no ELF segments to draw');
    const unwritable = maps('--svg', join(directory, 'no', 'such.svg'), file('program'));
    expect(unwritable.status).toBe(2);
    expect(unwritable.err).toContain('the picture cannot be written');
  });
});
