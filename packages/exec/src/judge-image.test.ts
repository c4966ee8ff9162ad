// Verdicts of all loaders: on the binaries the project started from, by twins with their headers, and on damaged input.
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { judgeImage } from './judge-image.ts';
import { findLoaderProfile, LOADER_PROFILES } from './profiles/index.ts';
import { buildElf } from './test-support/elf-builder.ts';
import { foundingNames, foundingTwin } from './test-support/founding-twins.ts';
import { quickestRun } from './test-support/processor-time.ts';
import { profileNamed } from './test-support/run-execve.ts';

const judged = (profile: string, name: string) => judgeImage(profileNamed(profile), foundingTwin(name));
const rules = (profile: string, name: string) => judged(profile, name).findings.map(({ rule }) => rule);

describe('the founding binaries', () => {
  // biome-ignore format: one row per file
  const table: [string, Record<string, string[]>][] = [
    ['claude-2.1.110',  { 'freebsd-linuxulator': [], uek: [], wsl1: ['wsl1-align-equal'] }],
    ['claude-2.1.126',  { 'freebsd-linuxulator': [], uek: [], wsl1: ['wsl1-align-equal'] }],
    ['claude-2.1.329',  { 'freebsd-linuxulator': [], uek: [], wsl1: [] }],
    ['copilot-1.0.49',  { 'freebsd-linuxulator': ['freebsd-phdr-first-page', 'freebsd-phdr-alignment'], uek: ['uek-note-size'], wsl1: ['wsl1-align-equal'] }],
    ['copilot-1.0.102', { 'freebsd-linuxulator': ['freebsd-phdr-first-page', 'freebsd-phdr-alignment'], uek: ['uek-note-size'], wsl1: ['wsl1-align-equal'] }],
  ];

  it('are the five of the acceptance table', () => {
    expect(table.map(([name]) => name).sort()).toEqual([...foundingNames()].sort());
  });

  describe.each(table)('%s', (name, expected) => {
    it.each(['linux', 'gvisor', 'linux-6.16', 'linux-5.0'])('runs on %s', (profile) => {
      expect(judged(profile, name)).toEqual({ profile, accepted: true, findings: [] });
    });
    it.each(Object.entries(expected))('on %s breaks %j', (profile, broken) => {
      expect(rules(profile, name)).toEqual(broken);
      expect(judged(profile, name).accepted).toBe(broken.length === 0);
    });
    it('has no brand for a FreeBSD without the Linuxulator, and no note for OpenBSD and NetBSD', () => {
      expect(rules('freebsd', name)).toEqual([...expected['freebsd-linuxulator'], 'freebsd-brand']);
      expect(rules('openbsd', name)).toContain('openbsd-note');
      expect(rules('netbsd', name)).toContain('netbsd-note');
    });
  });

  it('is told with the numbers', () => {
    const sentences = (profile: string) => judged(profile, 'copilot-1.0.102').findings.map(({ sentence }) => sentence);
    expect(sentences('freebsd')[0]).toBe(
      'e_phoff is 46337892 (0x2c30f64) and the 15 program headers take 840 bytes; they must lie within the first page, the first 4096 bytes of the file.',
    );
    expect(sentences('freebsd')[1]).toBe(
      'e_phoff is 46337892 (0x2c30f64), which is 4 mod 8; the program headers must be aligned to 8 bytes.',
    );
    expect(sentences('uek')).toEqual(['PT_NOTE 10 has 88760244 bytes (0x54a5fb4); 12 to 4194304 are accepted.']);
    expect(sentences('wsl1')).toEqual([
      'The PT_LOADs have different p_aligns: 0x1000, 0x2000, 0x200000; all must be equal.',
    ]);
  });
});

describe('judgeImage', () => {
  it('has profiles with unique names and rules with unique names', () => {
    const names = LOADER_PROFILES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, elfRules } of LOADER_PROFILES) {
      const own = elfRules.map(({ rule, role, stage }) => `${rule} ${role ?? ''} ${stage}`);
      expect([name, new Set(own).size]).toEqual([name, own.length]);
    }
  });

  it('finds Linux versions between the rows', () => {
    expect(findLoaderProfile('linux-5.4')).toMatchObject({ name: 'linux-5.4', headerBytes: 256 });
    expect(findLoaderProfile('linux-6.18')?.elfRules).toBe(profileNamed('linux').elfRules);
    expect(findLoaderProfile('linux-4.19')).toBeUndefined();
    expect(findLoaderProfile('linux-9.0')).toBeUndefined();
    expect(findLoaderProfile('plan9')).toBeUndefined();
  });

  it('reports all broken rules in order', () => {
    const image = buildElf({
      type: 3,
      segments: [
        { type: 1, flags: 4, offset: 0x10, vaddr: 0x400000, filesz: 0x20, memsz: 0x10 },
        { type: 1, flags: 4, vaddr: 2n ** 63n, filesz: 0x10, memsz: 0x10 },
        { type: 3, flags: 4, offset: 0x1000, filesz: 1 },
      ],
    });
    const { findings } = judgeImage(profileNamed('linux'), bytesSource(image));
    expect(findings.map(({ rule, when }) => `${rule} ${when}`)).toEqual([
      'interp-size before',
      'load-span after',
      'load-filesz after',
      'load-congruence after',
      'load-address after',
    ]);
  });

  it('judges scripts by their first line', () => {
    const script = (text: string, profile = 'linux') =>
      judgeImage(profileNamed(profile), bytesSource(new TextEncoder().encode(text))).findings.map(({ rule }) => rule);
    const long = `#!/${'n'.repeat(200)}`;
    expect(script('#!/bin/sh\n')).toEqual([]);
    expect(script('#!\n')).toEqual(['script-line']);
    expect(script('#!', 'gvisor')).toEqual(['script-line']);
    expect(script(`${long}${long}`)).toEqual(['script-line']);
    expect(script(`${long}${long}`, 'linux-5.0')).toEqual([]);
  });

  it('judges the headers of other formats the profile loads', () => {
    const header = new Uint8Array(0x40);
    const view = new DataView(header.buffer);
    for (const [index, word] of [0x1eb, 0x20, 0, 0, 0, 0x1020].entries()) view.setUint32(index * 4, word);
    const rules = (profile: string) =>
      judgeImage(profileNamed(profile), bytesSource(header)).findings.map(({ rule }) => rule);
    expect([rules('linux'), rules('gvisor')]).toEqual([[], ['elf-magic']]);
    view.setUint32(12, 0xffffffff);
    expect(rules('linux')).toEqual(['plan9-segments']);
  });

  it('never throws, reads little and answers quickly whatever the file says', () => {
    const sources = [
      new Uint8Array(0),
      Uint8Array.of(0x7f, 0x45, 0x4c, 0x46),
      buildElf({ phnum: 65535, phoff: 2n ** 64n - 1n }),
      buildElf({ phnum: 65535, phoff: 64, fileBytes: 4 << 20 }),
      buildElf({
        phnum: 1170,
        segments: Array.from({ length: 1170 }, () => ({ type: 4, filesz: 4096 })),
        fileBytes: 1 << 20,
      }),
      buildElf({
        segments: Array.from({ length: 1170 }, (_, index) => ({ type: 1, vaddr: index * 0x800, memsz: 0x900 })),
        fileBytes: 1 << 20,
      }),
      buildElf({
        type: 3,
        segments: [
          {
            type: 1,
            vaddr: 2n ** 64n - 1n,
            memsz: 2n ** 64n - 1n,
            filesz: 2n ** 64n - 1n,
            align: 2n ** 63n,
            offset: 2n ** 64n - 1n,
          },
        ],
      }),
      buildElf({
        segments: [
          { type: 3, offset: 2n ** 64n - 1n, filesz: 2n ** 64n - 1n },
          { type: 4, offset: 2n ** 63n, filesz: 100 },
        ],
      }),
    ];
    for (const bytes of sources) {
      for (const profile of LOADER_PROFILES) {
        let read = 0;
        const inner = bytesSource(bytes);
        const source = {
          size: inner.size,
          read: (offset: number, length: number) => {
            read += length;
            return inner.read(offset, length);
          },
        };
        const milliseconds = quickestRun(100, () => {
          read = 0;
          expect(Array.isArray(judgeImage(profile, source).findings)).toBe(true);
        });
        expect(milliseconds).toBeLessThan(100);
        expect(read).toBeLessThan(1 << 20);
      }
    }
    const broken = {
      size: 100,
      read: () => {
        throw new Error('the disk is gone');
      },
    };
    expect(judgeImage(profileNamed('linux'), broken).findings[0]).toMatchObject({
      rule: 'file-read',
      sentence: 'The file cannot be read: the disk is gone',
    });
  });
});
