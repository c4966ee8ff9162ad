// What -d logs: each item on a small program, exact lines.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMachine, createMemoryHost, ExecutionLog, type LogItemName, readLogItems } from './index.ts';

const HELLO = readFileSync(new URL('../../../fixtures/hello-asm/hello', import.meta.url));
const FAULTS = readFileSync(new URL('../../../fixtures/faults-asm/faults', import.meta.url));

async function logOf(items: readonly LogItemName[], file = HELLO, words = ['hello']) {
  const lines: string[] = [];
  const output: number[] = [];
  const host = createMemoryHost({ files: { '/program': file }, onOutput: (part) => output.push(...part) });
  let log: ExecutionLog | undefined;
  const machine = createMachine({ host, onTranslated: (addresses) => log?.translated(addresses) });
  log = new ExecutionLog(machine.kernel, new Set(items), (line) => lines.push(line));
  const outcome = await machine.run({ path: '/program', arguments: words });
  return { lines, outcome, output: Buffer.from(output).toString(), instructions: machine.instructions };
}

describe('the execution log', () => {
  it('has the first instructions and as many as were executed, and the program does the same', async () => {
    const plain = await logOf([]);
    const { lines, outcome, output, instructions } = await logOf(['exec']);
    expect({ outcome, output }).toEqual({ outcome: plain.outcome, output: plain.output });
    expect(lines.slice(0, 2)).toEqual([
      'exec: 1000 0x401000:  4c 8b 24 24                    mov    (%rsp),%r12',
      'exec: 1000 0x401004:  4c 8d 6c 24 08                 lea    0x8(%rsp),%r13',
    ]);
    expect(lines).toHaveLength(instructions);
    expect(plain.lines).toEqual([]);
  });

  it('has registers, blocks once each, the map at the start, and faults', async () => {
    const { lines: registers } = await logOf(['cpu']);
    expect(registers[0]).toMatch(/^cpu: 1000 rip=401000 rax=0 rcx=0 .* r15=0 flags=202$/);
    const { lines: blocks } = await logOf(['in_asm']);
    expect(blocks.slice(0, 2)).toEqual([
      'in_asm: 1000 /program',
      '  0x401000:  4c 8b 24 24                    mov    (%rsp),%r12',
    ]);
    const places = blocks.filter((line) => line.startsWith('  '));
    expect(new Set(places).size).toBeGreaterThan(20);
    const { lines: map } = await logOf(['page']);
    expect(map[0]).toBe('page: 1000 starts /program');
    expect(map.some((line) => /^ {2}00401000-00402000 r-xp .*\/program$/.test(line))).toBe(true);
    const { lines: faults } = await logOf(['int'], FAULTS, ['faults', 's']);
    expect(faults).toEqual([
      expect.stringMatching(/^int: 1000 at 0x[0-9a-f]+: writing 0x10 failed, nothing is mapped there\.$/),
    ]);
  });

  it('reads lists of items', () => {
    expect(readLogItems('in_asm,page')).toEqual(new Set(['in_asm', 'page']));
    expect(readLogItems('')).toEqual(new Set());
    expect(readLogItems('page,nothing')).toEqual({ unknown: 'nothing' });
  });
});

describe('what a machine tells its programs', () => {
  it('has the release it was given, and not another machine', async () => {
    const releaseOf = async (kernelRelease?: string) => {
      const machine = createMachine({ host: createMemoryHost({ files: { '/program': HELLO } }), kernelRelease });
      await machine.run({ path: '/program' });
      const mode = { readable: true, writable: false, append: false, nonBlocking: false };
      const place = { base: '/', root: '/' };
      const opened = machine.kernel.tree.open(place, '/proc/sys/kernel/osrelease', { read: true, write: false }, mode);
      if (typeof opened === 'number') throw new Error(`osrelease: ${opened}`);
      const bytes = new Uint8Array(100);
      return Buffer.from(bytes.subarray(0, opened.file.read(bytes, 0))).toString();
    };
    expect(await releaseOf('5.4.0-1')).toBe('5.4.0-1\n');
    expect(await releaseOf()).toBe('6.1.0-elf\n');
  });
});
