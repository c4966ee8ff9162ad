// The module writer makes modules that the engine accepts, and LEB128 numbers that decode to what was written.
import { describe, expect, it } from 'vitest';
import { Code } from './code.ts';
import { signedLeb32, signedLeb64, unsignedLeb } from './leb128.ts';
import { ModuleWriter } from './module-writer.ts';
import { Type } from './opcodes.ts';

function encoded(write: (out: number[]) => void): number[] {
  const out: number[] = [];
  write(out);
  return out;
}

describe('leb128', () => {
  it('writes the examples of the specification', () => {
    expect(encoded((out) => unsignedLeb(out, 624485))).toEqual([0xe5, 0x8e, 0x26]);
    expect(encoded((out) => signedLeb32(out, -123456))).toEqual([0xc0, 0xbb, 0x78]);
    expect(encoded((out) => signedLeb32(out, 64))).toEqual([0xc0, 0]);
    expect(encoded((out) => signedLeb32(out, -64))).toEqual([0x40]);
    expect(encoded((out) => signedLeb64(out, -(2n ** 63n)))).toHaveLength(10);
  });
});

describe('module writer', () => {
  it('makes a module with an import, a table and a loop', () => {
    const writer = new ModuleWriter();
    const i32 = Type.i32;
    const double = writer.importFunction('double', { parameters: [i32], results: [i32] });
    const body = new Code();
    // Sums double(n) + double(n - 1) + ... + double(1).
    const exit = body.block();
    const next = body.loop();
    body.get(0).ops('i32_eqz').brIf(exit);
    body.get(1).get(0).call(double).ops('i32_add').set(1);
    body.get(0).i32(1).ops('i32_sub').set(0).br(next);
    body.end().end().get(1);
    const sum = writer.function({ parameters: [i32], results: [i32] }, { locals: [[1, i32]], bytes: body.bytes });
    writer.elements([sum]);
    writer.export('sum', sum);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(writer.finish()), {
      env: { memory, double: (value: number) => value * 2 },
    });
    expect((instance.exports.sum as (n: number) => number)(10)).toBe(110);
  });
});
