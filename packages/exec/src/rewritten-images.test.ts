// Programs rewritten by @elf/parse/rewrite start as they did: in our loaders everywhere, on a real kernel where there is one.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserMemory } from '@elf/mm';
import { type ByteSource, bytesSource } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { movePhdrsFirst, rewrittenSource } from '@elf/parse/rewrite';
import { describe, expect, it } from 'vitest';
import type { ExecSuccess } from './exec-request.ts';
import { judgeImage } from './judge-image.ts';
import { type BuiltSegment, buildElf, LOAD, R, X } from './test-support/elf-builder.ts';
import { profileNamed, run, succeed } from './test-support/run-execve.ts';

const PHDR = 6;
const AT_PHDR = 3;
const TABLE_RULES = ['freebsd-phdr-first-page', 'freebsd-phdr-alignment'];
const CACHE = fileURLToPath(new URL('../../../.elf-cache/', import.meta.url));

/**
 * Code that goes through the auxiliary vector to AT_PHDR (3) and exits with 36 + p_type of the first header there: 42 when
 * AT_PHDR leads to PT_PHDR.
 *
 *     pop rcx; lea rsp, [rsp+rcx*8+8]; 1: pop rax; test rax, rax; jnz 1b
 *     2: pop rax; pop rdx; cmp rax, 3; jne 2b; mov edi, [rdx]; add edi, 36; mov eax, 60; syscall
 */
// biome-ignore format: bytes as in the comment
const CODE = Uint8Array.of(
  0x59, 0x48, 0x8d, 0x64, 0xcc, 0x08, 0x58, 0x48, 0x85, 0xc0, 0x75, 0xfa,
  0x58, 0x5a, 0x48, 0x83, 0xf8, 0x03, 0x75, 0xf8, 0x8b, 0x3a, 0x83, 0xc7, 0x24, 0xb8, 60, 0, 0, 0, 0x0f, 0x05,
);

/** A program whose table lies behind the code, 4 bytes off alignment. */
function movedProgram(firstPage: 'outdated table' | 'unknown'): Uint8Array {
  const tableOffset = 0x1804;
  const tableAt = (offset: number): BuiltSegment => ({
    type: PHDR,
    flags: R,
    offset,
    vaddr: 0x400000 + offset,
    filesz: 3 * 56,
    memsz: 3 * 56,
    align: 8,
  });
  const rest: BuiltSegment[] = [
    { type: LOAD, flags: R, vaddr: 0x400000, filesz: 0x1000, memsz: 0x1000, align: 0x1000 },
    { type: LOAD, flags: R | X, offset: 0x1000, vaddr: 0x401000, filesz: 0x1000, memsz: 0x1000, align: 0x1000 },
  ];
  const outdated = buildElf({ segments: [tableAt(64), ...rest] }).subarray(64, 64 + 3 * 56);
  return buildElf({
    entry: 0x401000,
    phoff: tableOffset,
    segments: [tableAt(tableOffset), ...rest],
    contents: { 64: firstPage === 'outdated table' ? outdated : new Uint8Array(4032).fill(0x42), 4096: CODE },
  });
}

function rewrite(source: ByteSource): { strategy: string; source: ByteSource } {
  const result = movePhdrsFirst(source, { pageBytes: 4096 });
  if (result.kind !== 'rewritten') throw new Error(`not rewritten: ${JSON.stringify(result)}`);
  return { strategy: result.strategy, source: rewrittenSource(source, result.plan) };
}

function contentOf(source: ByteSource): Uint8Array {
  return source.read(0, source.size);
}

/** p_type at AT_PHDR, and the code at the entry. */
function atStart(image: ExecSuccess) {
  const user = new UserMemory(image.space);
  const address = image.auxiliaryVector.find(({ id }) => id === AT_PHDR)?.value ?? 0;
  return { firstType: user.readU32(address), code: user.read(image.entry, CODE.length), entry: image.entry };
}

/** Exit status on this machine's kernel; undefined where there is none that runs x86-64. */
function exitStatus(program: Uint8Array): number | null | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  const directory = mkdtempSync(join(tmpdir(), 'elf-rewritten-'));
  try {
    const path = join(directory, 'program');
    writeFileSync(path, program, { mode: 0o755 });
    return spawnSync(path).status;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const brokenTableRules = (source: ByteSource) =>
  judgeImage(profileNamed('freebsd'), source)
    .findings.map(({ rule }) => rule)
    .filter((rule) => TABLE_RULES.includes(rule));

describe('a program with its headers moved first', () => {
  it.each([
    ['outdated table', 'free room'],
    ['unknown', 'page in front'],
  ] as const)('starts as before: %s, %s', (firstPage, way) => {
    const before = movedProgram(firstPage);
    const { strategy, source } = rewrite(bytesSource(before));
    expect(strategy).toBe(way);
    const after = contentOf(source);
    const [old, fresh] = [before, after].map((bytes) => atStart(succeed(run({ '/program': bytes }))));
    expect(old).toEqual({ firstType: PHDR, code: CODE, entry: 0x401000 });
    expect(fresh).toEqual(old);
    expect(brokenTableRules(bytesSource(before))).toEqual(TABLE_RULES);
    expect(brokenTableRules(source)).toEqual([]);
    for (const program of [before, after]) expect([42, undefined]).toContain(exitStatus(program));
  });

  // Large programs that are not ours: only where someone has fetched them.
  const fetched = ['copilot-1.0.49', 'copilot-1.0.102'].filter((name) => existsSync(join(CACHE, name)));
  if (fetched.length === 0)
    console.info('The Copilot programs are not in .elf-cache; their headers are not moved here.');
  it.each(fetched)('%s is one that FreeBSD refuses no more for its table', (name) => {
    const before = openFileSource(join(CACHE, name));
    expect(brokenTableRules(before)).toEqual(TABLE_RULES);
    const { strategy, source } = rewrite(before);
    expect(strategy).toBe('room beside the interpreter path');
    expect(brokenTableRules(source)).toEqual([]);
    // Nothing else was in the way of FreeBSD's Linuxulator.
    const linuxulator = profileNamed('freebsd-linuxulator');
    expect([before, source].map((file) => judgeImage(linuxulator, file).accepted)).toEqual([false, true]);
    before.close();
  });
});
