// modify_ldt(2): numbers and bytes are those of Linux 6.18.
import type { Thread } from '@elf/kernel';
import { describe, expect, it } from 'vitest';
import { call, callI386, newTask, PAGE } from '../test-support/call-bench.ts';

const [READ, WRITE_OLD, READ_DEFAULT, WRITE] = [0, 1, 2, 0x11];
const [WIDE, CONFORMING, READ_ONLY, IN_PAGES, ABSENT, USEABLE] = [1, 6, 8, 16, 32, 64];
const EINVAL_AS_INT = 0xffff_ffea;

/** struct user_desc. */
function describeSegment(task: Thread, entry: number, base: number, limit: number, flags: number): number {
  for (const [index, word] of [entry, base, limit, flags].entries()) task.user.writeU32(PAGE + 4 * index, word);
  return PAGE;
}

const table = (task: Thread, bytes: number) => {
  const count = call(task, 'modify_ldt', READ, PAGE + 1024, bytes) as number;
  return Buffer.from(task.user.read(PAGE + 1024, count) ?? []).toString('hex');
};

describe('local descriptors', () => {
  it('are none at first, and zeros by default', () => {
    const task = newTask();
    task.user.write(PAGE, new Uint8Array(200).fill(7));
    expect(call(task, 'modify_ldt', READ, PAGE, 64)).toBe(0);
    expect(call(task, 'modify_ldt', READ_DEFAULT, PAGE, 200)).toBe(128);
    expect([task.user.readU32(PAGE + 124), task.user.readU32(PAGE + 128)]).toEqual([0, 0x0707_0707]);
  });

  it.each([
    ['another size', WRITE, 8, {}],
    ['a number too high', WRITE, 16, { entry: 8192 }],
    ['conforming code, in the old form', WRITE_OLD, 16, { flags: WIDE | CONFORMING | ABSENT }],
    ['conforming code that is there', WRITE, 16, { flags: WIDE | CONFORMING }],
  ] as const)('are refused: %s', (_name, asked, bytes, given) => {
    const task = newTask();
    const { entry = 1, flags = WIDE } = given as { entry?: number; flags?: number };
    expect(call(task, 'modify_ldt', asked, describeSegment(task, entry, 0x1000, 0xff, flags), bytes)).toBe(
      EINVAL_AS_INT,
    );
    expect(callI386(task, 'modify_ldt', asked, PAGE, bytes)).toBe(-22);
    expect(table(task, 64)).toBe('');
  });

  it('are written as the processor reads them, and copied by fork', () => {
    const task = newTask();
    const flags = WIDE | IN_PAGES | USEABLE;
    expect(call(task, 'modify_ldt', WRITE, describeSegment(task, 1, 0x1234_5678, 0xf_ffff, flags), 16)).toBe(0);
    expect(table(task, 24)).toBe(`${'00'.repeat(8)}ffff785634f3df12${'00'.repeat(8)}`);
    const child = task.kernel.threads.get(Number(call(task, 'fork'))) as Thread;
    expect(call(child, 'modify_ldt', WRITE_OLD, describeSegment(child, 1, 0, 0xff, flags | READ_ONLY), 16)).toBe(0);
    expect(table(child, 16)).toBe(`${'00'.repeat(8)}ff000000 00f1c000`.replace(' ', ''));
    expect(call(child, 'modify_ldt', WRITE, describeSegment(child, 1, 0, 0, READ_ONLY | ABSENT), 16)).toBe(0);
    expect(table(child, 16)).toBe('00'.repeat(16));
    expect(table(task, 16)).toBe(`${'00'.repeat(8)}ffff785634f3df12`);
    expect(call(task, 'modify_ldt', READ, PAGE + 1024, 70_000)).toBe(0xffff_fff2);
  });
});
