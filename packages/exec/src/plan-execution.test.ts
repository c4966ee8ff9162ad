// Page policies on the real address space: memory holds exactly the bytes that damage() predicts, for every policy and vector.
import { readFileSync } from 'node:fs';
import { GuestMemory, UserMemory } from '@elf/mm';
import {
  type DamagedRange,
  damage,
  findPagePolicy,
  type LoadSegment,
  PAGE_POLICIES,
  type PagePolicy,
} from '@elf/pagesize';
import { describe, expect, it } from 'vitest';
import { ExecErrno } from './exec-errno.ts';
import type { ExecOutcome, ExecSuccess } from './exec-request.ts';
import { type BuiltSegment, buildElf, ET_DYN, ET_EXEC, INTERP, LOAD, R, W, X } from './test-support/elf-builder.ts';
import { patternedFile } from './test-support/patterned-file.ts';
import { run, succeed, verdict } from './test-support/run-execve.ts';

const KIB = 1024;
/** How far from the ends of a segment bytes are compared: no policy has reason to touch what is deeper inside. */
const DEPTH = 128 * KIB;
const HOST_PAGES = [4, 16, 64].map((kib) => kib * KIB);
const credentials = { uid: 0, euid: 0, gid: 0, egid: 0, mayMapLowPages: true };

interface Vector {
  readonly title: string;
  readonly load: readonly (readonly string[])[];
}

const VECTORS = new URL('../../pagesize/vectors/page-policies.json', import.meta.url);
const vectors: Record<string, Vector> = JSON.parse(readFileSync(VECTORS, 'utf8')).segments;

function loadsOf(vector: Vector): LoadSegment[] {
  return vector.load.map((row) => {
    const [flags, offset, vaddr, filesz, memsz, align] = row.map(BigInt);
    return { flags: Number(flags), offset, vaddr, filesz, memsz, align };
  });
}

const memory = new GuestMemory({ maximumBytes: 256 << 20 });

function execute(
  loads: readonly LoadSegment[],
  type: number,
  policy?: PagePolicy,
  hostPageBytes?: number,
): ExecOutcome {
  const segments = loads.map((load) => ({ ...load, type: LOAD }));
  const size = loads.reduce((end, { offset, filesz }) => Math.max(end, Number(offset + filesz)), 0x2000);
  const head = buildElf({ type, entry: loads[0].vaddr, segments, fileBytes: 64 + 56 * segments.length });
  // Longer than the last segment: policies map whole host pages of the file.
  const file = patternedFile(head, size + 1024 * KIB);
  return run({ '/program': file }, { memory, credentials, pagePolicy: policy, hostPageBytes });
}

/** What is to be compared: both ends of every segment, as addresses of the file. */
function ends(loads: readonly LoadSegment[]): [number, number][] {
  return loads.flatMap(({ vaddr, memsz }): [number, number][] => {
    const start = Number(vaddr);
    const end = start + Number(memsz);
    if (end - start <= 2 * DEPTH) return end > start ? [[start, end]] : [];
    return [
      [start, start + DEPTH],
      [end - DEPTH, end],
    ];
  });
}

function read({ space, loadBias }: ExecSuccess, start: number, length: number): Uint8Array | undefined {
  return new UserMemory(space).read(start + loadBias, length);
}

/** The bytes a policy should leave in [start, end): the reference's, with the damaged ranges put over them. */
function predicted(reference: Uint8Array, start: number, ranges: readonly DamagedRange[], file: ExecSuccess['file']) {
  const bytes = reference.slice();
  const end = start + bytes.length;
  for (const range of ranges) {
    const from = Math.max(start, Number(range.start));
    const to = Math.min(end, Number(range.end));
    if (from >= to) continue;
    const { got } = range;
    if (got.kind === 'unmapped') return undefined;
    const content =
      got.kind === 'zero'
        ? new Uint8Array(to - from)
        : file.source.read(Number(got.fileOffset) + from - Number(range.start), to - from);
    bytes.set(content, from - start);
  }
  return bytes;
}

/** Compares memory under a policy with the prediction; returns how many damaged bytes were looked at. */
function compare(loads: readonly LoadSegment[], type: number, policy: PagePolicy, hostPageBytes: number): number {
  const plan = policy.plan(loads, hostPageBytes);
  const outcome = execute(loads, type, policy, hostPageBytes);
  const actions = plan.segments.flatMap((segment) => segment.actions);
  // Nothing can be mapped from before the start of a file: mmap(2) answers EINVAL.
  if (plan.refusal || actions.some((action) => 'fileOffset' in action && action.fileOffset < 0n)) {
    expect(verdict(outcome), plan.refusal?.sentence).toBe('SIGSEGV');
    return 0;
  }
  const loaded = succeed(outcome);
  const reference = succeed(execute(loads, type));
  const ranges = damage(plan, loads);
  let damaged = 0;
  for (const [start, end] of ends(loads)) {
    const wanted = read(reference, start, end - start);
    if (wanted === undefined) throw new Error('the reference run cannot be read');
    const expected = predicted(wanted, start, ranges, reference.file);
    const got = read(loaded, start, end - start);
    // Buffer.compare first: a difference is worth a readable message, equality is worth no time.
    const isEqual = expected && got ? Buffer.compare(expected, got) === 0 : expected === got;
    if (!isEqual) expect(got, `${policy.name} at ${start.toString(16)}`).toEqual(expected);
    for (const range of ranges) {
      damaged += Math.max(0, Math.min(end, Number(range.end)) - Math.max(start, Number(range.start)));
    }
  }
  expect(loaded.space.checkInvariants()).toEqual([]);
  loaded.space.destroy();
  reference.space.destroy();
  return damaged;
}

describe('memory under a page policy', () => {
  const rows = PAGE_POLICIES.flatMap((policy) => HOST_PAGES.map((page) => [policy.name, page] as const));
  it.each(rows)('%s on %i-byte pages is what damage() predicts', (name, page) => {
    const policy = findPagePolicy(name);
    if (policy === undefined) throw new Error(`no policy ${name}`);
    let damaged = 0;
    for (const vector of Object.values(vectors)) damaged += compare(loadsOf(vector), ET_DYN, policy, page);
    // The comparison has teeth: policies that are known to damage these vectors do it here too.
    if (name === 'widen-host' && page > 4096) expect(damaged).toBeGreaterThan(10_000);
    if (name === 'elf') expect(damaged).toBe(0);
  });

  it('is what damage() predicts for segments nobody would link', () => {
    let state = 3_141_592;
    const below = (limit: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const randomLoad = (): LoadSegment => {
      const vaddr = BigInt(64 * KIB + below(48) * 4 * KIB + below(2) * below(4096));
      // Congruent modulo 4 KiB, so that the reference loads it; by how many pages the distance differs is random.
      const offset = (vaddr % 4096n) + BigInt(below(64) * 4 * KIB);
      const filesz = BigInt(below(4) ? below(40 * KIB) : 0);
      const memsz = filesz + BigInt(below(2) * below(40 * KIB));
      const align = BigInt(4096 << (2 * below(4)));
      return { flags: R | (below(2) * W) | (below(2) * X), offset, vaddr, filesz, memsz, align };
    };
    let damaged = 0;
    for (let round = 0; round < 30; round++) {
      const loads = Array.from({ length: 1 + below(5) }, randomLoad).filter(({ memsz }) => memsz > 0n);
      if (loads.length === 0) continue;
      if (below(2)) loads.sort((a, b) => Number(a.vaddr - b.vaddr));
      for (const policy of PAGE_POLICIES) {
        for (const page of HOST_PAGES) damaged += compare(loads, ET_EXEC, policy, page);
      }
    }
    expect(damaged).toBeGreaterThan(500_000);
  });

  it('also holds for programs at their own addresses', () => {
    for (const name of ['qemu-3.1-8.0', 'latx-304', 'widen-host', 'elf']) {
      const policy = findPagePolicy(name);
      if (policy) compare(loadsOf(vectors['claude-2.1.110']), ET_EXEC, policy, 16 * KIB);
    }
  });
});

describe('our own policy', () => {
  const elf = findPagePolicy('elf');
  it.each(HOST_PAGES)('keeps the exact content and permissions of 4 KiB pages on %i-byte pages', (page) => {
    for (const vector of Object.values(vectors)) {
      const loads = loadsOf(vector);
      const ours = succeed(execute(loads, ET_EXEC, elf, page));
      const reference = succeed(execute(loads, ET_EXEC));
      expect(compare(loads, ET_EXEC, elf as PagePolicy, page)).toBe(0);
      const permissions = ({ space }: ExecSuccess) => space.mapsText().replaceAll(/^(\S+ \S+).*$/gm, '$1');
      expect(permissions(ours)).toBe(permissions(reference));
      expect(ours.auxiliaryVector.find(({ id }) => id === 6)?.value).toBe(4096);
      for (const { space } of [ours, reference]) space.destroy();
    }
  });

  it('reads nothing of a large program before it is touched', () => {
    const loads = loadsOf(vectors['claude-2.1.329']);
    const before = memory.framesInUse;
    const { space } = succeed(execute(loads, ET_EXEC, elf, 64 * KIB));
    expect(memory.framesInUse - before).toBeLessThan(100);
    space.destroy();
    expect(memory.framesInUse).toBe(before);
  });
});

describe('the kernel with larger pages', () => {
  const text = { type: LOAD, flags: R | X, offset: 0, vaddr: 0x400000, filesz: 0x1000, memsz: 0x1000 };
  const data = { type: LOAD, flags: R | W, offset: 0x1800, vaddr: 0x411800, filesz: 0x100, memsz: 0x9000 };
  const congruent = [text, { ...data, offset: 0x11800 }];
  const at = (hostPageBytes: number, segments: readonly BuiltSegment[], changes = {}) =>
    run({ '/program': buildElf({ segments, fileBytes: 0x20000 }), ...changes }, { hostPageBytes });

  it.each([16, 64])('refuses at %i KiB what is congruent modulo 4 KiB only, after the point of no return', (kib) => {
    const segments = [text, { ...data, offset: 0x2800 }];
    expect(at(4096, segments).ok).toBe(true);
    const outcome = at(kib * KIB, segments);
    expect(outcome).toMatchObject({ ok: false, errno: ExecErrno.EINVAL, afterPointOfNoReturn: true });
    expect(outcome.ok || outcome.refusal.rule).toBe('load-congruence');
    expect(outcome.ok || outcome.refusal.sentence).toContain(String(kib * KIB));
    const byPolicy = run(
      { '/program': buildElf({ segments, fileBytes: 0x20000 }) },
      { hostPageBytes: kib * KIB, pagePolicy: findPagePolicy('linux') },
    );
    expect(byPolicy).toMatchObject({ ok: false, errno: ExecErrno.EINVAL, afterPointOfNoReturn: true });
  });

  it.each([16, 64])('maps at %i KiB, page by page, and says so in AT_PAGESZ', (kib) => {
    const page = kib * KIB;
    const outcome = succeed(at(page, congruent));
    expect(outcome.auxiliaryVector.find(({ id }) => id === 6)?.value).toBe(page);
    for (const { start, end } of outcome.space.areas) expect([start % page, end % page]).toEqual([0, 0]);
    expect(outcome.brk % page).toBe(0);
    const user = new UserMemory(outcome.space);
    // The tail of the file page is zeroed up to the large page's end; before the segment the file shows through.
    expect(user.read(0x411900, 0x100)).toEqual(new Uint8Array(0x100));
    expect(user.readU8(0x410000)).toBe(0);
    expect(outcome.space.map({ length: 1, protection: 3 }) % page).toBe(0);
    expect(outcome.space.checkInvariants()).toEqual([]);
  });

  it('lets later segments take the permissions of a whole shared page', () => {
    const shared = [text, { ...data, offset: 0x1800, vaddr: 0x401800, memsz: 0x200 }];
    const outcome = succeed(at(16 * KIB, shared));
    expect(outcome.space.find(0x400000)?.protection).toBe(3);
    expect(succeed(at(4 * KIB, shared)).space.find(0x400000)?.protection).toBe(5);
  });

  it('loads interpreters by the same rule', () => {
    const path = '/ld\0';
    const segments = [{ type: INTERP, offset: 0x1000, filesz: 4, memsz: 4 }, ...congruent];
    const program = buildElf({ segments, contents: { 4096: path }, fileBytes: 0x20000 });
    const interpreter = (offset: number) =>
      buildElf({
        type: ET_DYN,
        segments: [
          { ...text, vaddr: 0 },
          { ...data, vaddr: 0x11800, offset },
        ],
        fileBytes: 0x20000,
      });
    const start = (offset: number) =>
      run({ '/program': program, '/ld': interpreter(offset) }, { hostPageBytes: 16 * KIB });
    expect(succeed(start(0x11800)).interpreterBase % (16 * KIB)).toBe(0);
    expect(start(0x2800)).toMatchObject({ ok: false, errno: ExecErrno.EINVAL, afterPointOfNoReturn: true });
  });
});
