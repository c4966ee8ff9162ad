// The binaries the project started from: which loader refuses them by which rule, and how many bytes an emulator gets wrong.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ByteSource, parseElf } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { describe, expect, it } from 'vitest';
import { foundingNames, foundingTwin } from '../test-support/founding-twins.ts';
import { checkImage } from './check-image.ts';
import type { CheckReport } from './finding.ts';

const CACHE = fileURLToPath(new URL('../../../../.elf-cache', import.meta.url));
const PAGE_16K = 16384;

/** What is known of a file, by the specification's tables (loader rules read, Linux and the byte counts measured). */
interface Known {
  readonly name: string;
  /** Loaders of x86 kernels that refuse, with their rules. */
  readonly refused: Readonly<Record<string, readonly string[]>>;
}

const FIRST_PAGE = ['ELF-LD-FREEBSD-PHDR-FIRST-PAGE', 'ELF-LD-FREEBSD-PHDR-ALIGNMENT'];
const MIXED = ['ELF-LD-WSL1-ALIGN-EQUAL'];
const KNOWN: readonly Known[] = [
  { name: 'claude-2.1.110', refused: { wsl1: MIXED } },
  { name: 'claude-2.1.329', refused: {} },
  {
    name: 'copilot-1.0.49',
    refused: { 'freebsd-linuxulator': FIRST_PAGE, uek: ['ELF-LD-UEK-NOTE-SIZE'], wsl1: MIXED },
  },
  {
    name: 'copilot-1.0.102',
    refused: { 'freebsd-linuxulator': FIRST_PAGE, uek: ['ELF-LD-UEK-NOTE-SIZE'], wsl1: MIXED },
  },
];
const KERNELS = ['linux', 'freebsd-linuxulator', 'gvisor', 'uek', 'wsl1'];

function verdict(report: CheckReport, loader: string, hostPageBytes: number) {
  const found = report.verdicts.find((row) => row.loader === loader && row.hostPageBytes === hostPageBytes);
  if (found === undefined) throw new Error(`no verdict of ${loader} on ${hostPageBytes}`);
  return found;
}

function expectKernels({ refused }: Known, source: ByteSource): CheckReport {
  const report = checkImage(source, { loaders: KERNELS, hostPageBytes: [4096], scanRuntimes: false });
  const answers = report.verdicts.map(({ loader, rules }) => [loader, rules]);
  expect(Object.fromEntries(answers.filter(([, rules]) => rules.length > 0))).toEqual(refused);
  return report;
}

describe('twins of the founding binaries', () => {
  it('exist for every file that is checked', () => {
    expect(foundingNames()).toEqual(expect.arrayContaining(KNOWN.map(({ name }) => name)));
  });

  it.each(KNOWN)('$name: kernels', (known) => {
    expectKernels(known, foundingTwin(known.name));
  });

  it('copilot-1.0.102: the numbers of the refusals', () => {
    const { findings } = checkImage(foundingTwin('copilot-1.0.102'), { loaders: KERNELS, scanRuntimes: false });
    const texts = findings.map(({ message }) => message).join('\n');
    expect(texts).toContain('46337892');
    expect(texts).toContain('4 mod 8');
    expect(texts).toContain('88760244');
    expect(findings.every(({ severity, rule }) => severity === 'error' || rule.startsWith('ELF-SG-'))).toBe(true);
  });

  it('claude-2.1.110 on 16 KiB pages: the bytes of its PLT, counted independently', () => {
    const twin = withProcedureTable(foundingTwin('claude-2.1.110'));
    const report = checkImage(twin, { hostPageBytes: [PAGE_16K], scanRuntimes: false });
    const expected = countByHand(twin);
    expect(expected).toBeGreaterThan(4096);
    for (const loader of ['qemu-3.1-8.0', 'latx-pre304'])
      expect(verdict(report, loader, PAGE_16K)).toMatchObject({ verdict: 'damaged', differingBytes: expected });
    for (const loader of ['latx-304', 'qemu-8.1', 'box64-4182', 'elf'])
      expect(verdict(report, loader, PAGE_16K).verdict).toBe('loads');
    expect(verdict(report, 'linux', PAGE_16K)).toMatchObject({ verdict: 'refused', rules: ['ELF-LD-LOAD-CONGRUENCE'] });
    const damage = report.findings.find(({ rule, loader }) => rule === 'ELF-PG-DAMAGE' && loader === 'qemu-3.1-8.0');
    expect(damage?.evidence.names).toEqual(expect.arrayContaining(['.plt', '.iplt']));
    expect(damage?.evidence.ranges).toMatchObject([{ start: 0x67d8000n, end: 0x67da350n, differingBytes: expected }]);
  });
});

/** The shared host page as the specification's table 5.2 gives it: wanted from 0x65d7000, taken from 0x65d8000. */
const PLT = { wanted: 0x65d7000, got: 0x65d8000, length: 0x2350 };

/** Jump slots of our own making over the part of the file that holds .plt, behind which the linker left a gap of zeros. */
function withProcedureTable(source: ByteSource): ByteSource {
  const code = parseElf(source).programHeaders.find(({ type, flags }) => type === 1 && (flags & 1) !== 0);
  const end = Number((code?.offset ?? 0n) + (code?.filesz ?? 0n));
  return {
    size: source.size,
    read(offset, length) {
      const bytes = source.read(offset, length).slice();
      for (let at = 0; at < bytes.length; at++) {
        const place = offset + at;
        if (place >= PLT.wanted && place < end) bytes[at] = slotByte(place - PLT.wanted);
      }
      return bytes;
    },
  };
}

/** Sixteen bytes a slot: an opcode, then the number of the slot, so that no two slots are equal. */
function slotByte(offset: number): number {
  const slot = Math.floor(offset / 16);
  const within = offset % 16;
  return within < 2 ? 0xff - within : (slot >> (8 * (within % 2))) & 0xff;
}

function countByHand(source: ByteSource): number {
  const wanted = source.read(PLT.wanted, PLT.length);
  const got = source.read(PLT.got, PLT.length);
  return wanted.filter((byte, index) => byte !== got[index]).length;
}

describe('the founding binaries themselves, where they were fetched', () => {
  const present = KNOWN.filter(({ name }) => existsSync(`${CACHE}/${name}`));

  it('are checked as their twins are', () => {
    for (const known of present) {
      const source = openFileSource(`${CACHE}/${known.name}`);
      const real = expectKernels(known, source);
      source.close();
      const twin = expectKernels(known, foundingTwin(known.name));
      expect(real.findings.map(({ message }) => message)).toEqual(twin.findings.map(({ message }) => message));
    }
    expect(present.length).toBeLessThanOrEqual(KNOWN.length);
  });

  it('have the measured damage', () => {
    for (const { name } of present.filter((known) => known.name === 'claude-2.1.110')) {
      const source = openFileSource(`${CACHE}/${name}`);
      const report = checkImage(source, { hostPageBytes: [PAGE_16K], scanRuntimes: false, naming: 'sections' });
      source.close();
      expect(verdict(report, 'qemu-3.1-8.0', PAGE_16K).differingBytes).toBe(5128);
      expect(verdict(report, 'latx-304', PAGE_16K).verdict).toBe('loads');
      expect(source.bytesRead).toBeLessThan(1 << 20);
    }
    expect(existsSync(CACHE) || present.length === 0).toBe(true);
  });
});
