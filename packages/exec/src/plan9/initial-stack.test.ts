// The Plan 9 stack on its own: what fits, what does not, and the example of the rule worked by hand.
import { PLAN9_MACHINES } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { plan9Stack } from './initial-stack.ts';
import { type Plan9Target, targetNames, targetOf } from './machines.ts';

function target(name: string): Plan9Target {
  const machine = PLAN9_MACHINES.find((row) => row.name === name);
  const found = machine && targetOf(machine);
  if (found === undefined) throw new Error(`no target ${name}`);
  return found;
}

describe('the Plan 9 stack', () => {
  it('follows the rule on an example worked by hand', () => {
    // 386, argv "ls" and "-l": 56 + 3 + 3 = 62 bytes on top, rounded to 64, three words of argv: 76; 76 + 4 is a multiple of 8.
    const stack = plan9Stack(target('386'), [Uint8Array.of(0x6c, 0x73), Uint8Array.of(0x2d, 0x6c)], 5, 4096);
    expect(stack?.stackPointer).toBe(0xdfff_f000 - 80);
    expect(stack?.argumentStart).toBe(0xdfff_f000 - 62);
    expect(stack?.tos).toBe(0xdfff_f000 - 56);
    const words = new DataView(stack?.bytes.buffer ?? new ArrayBuffer(0));
    expect([0, 4, 8, 12].map((offset) => words.getUint32(offset, true))).toEqual([
      2,
      0xdfff_f000 - 62,
      0xdfff_f000 - 59,
      0,
    ]);
    expect(words.getUint32(80 - 56 + 48, true)).toBe(5);
  });

  it('is refused when it is larger than its segment, and fits when it is exactly as large', () => {
    const argv = [new Uint8Array(1000)];
    const size = plan9Stack(target('amd64'), argv, 1, 4096)?.bytes.length ?? 0;
    // argc, two words of argv, and 72 + 1001 bytes rounded up to words.
    expect(size).toBe(8 + 16 + 1080);
    expect(plan9Stack(target('amd64'), argv, 1, size)).toBeDefined();
    expect(plan9Stack(target('amd64'), argv, 1, size - 1)).toBeUndefined();
  });

  it('exists for the machines that x86 runs, and for no other', () => {
    expect(targetNames()).toBe('386 and amd64');
    expect(PLAN9_MACHINES.filter((machine) => targetOf(machine)).map(({ name }) => name)).toEqual(['386', 'amd64']);
  });
});
