// The tiny entry, on built images, on the running Node and against the full parser.
import { closeSync, openSync, readSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseElf } from './formats/elf/elf.ts';
import { openFileSource } from './host/node/file-source.ts';
import { readInterp } from './interp.ts';
import { buildImage } from './test-support/elf-image.ts';
import { SHAPES, sampleImage } from './test-support/sample-image.ts';

const fromBytes = (bytes: Uint8Array) => (buffer: Uint8Array, position: number) => {
  const part = bytes.subarray(position, position + buffer.length);
  buffer.set(part);
  return part.length;
};

/** Moves the program headers to the end of the file, at an odd offset (ELF64 little-endian). */
function withHeadersAtOddOffset(image: Uint8Array): Uint8Array {
  const table = image.slice(64, 64 + 10 * 56);
  const moved = new Uint8Array(image.length + 3 + table.length);
  moved.set(image);
  moved.fill(0xee, 64, 64 + table.length);
  moved.set(table, image.length + 3);
  new DataView(moved.buffer).setBigUint64(32, BigInt(image.length + 3), true);
  return moved;
}

describe('readInterp', () => {
  it.each(SHAPES.map((shape) => [shape.elfClass, shape.littleEndian, shape] as const))(
    'reads ELF%i, little-endian %s',
    (_, __, shape) => {
      expect(readInterp(fromBytes(sampleImage(shape)))).toBe('/lib64/ld-linux-x86-64.so.2');
    },
  );

  it('finds program headers at any offset', () => {
    expect(readInterp(fromBytes(withHeadersAtOddOffset(sampleImage(SHAPES[0]))))).toBe('/lib64/ld-linux-x86-64.so.2');
  });

  it('agrees with the parser about the running program', () => {
    const descriptor = openSync(process.execPath, 'r');
    let bytesRead = 0;
    const path = readInterp((buffer, position) => {
      const count = readSync(descriptor, buffer, 0, buffer.length, position);
      bytesRead += count;
      return count;
    });
    closeSync(descriptor);
    const file = openFileSource(process.execPath);
    expect(path).toBe(parseElf(file).interpreter ?? null);
    file.close();
    expect(bytesRead).toBeLessThan(8192);
  });

  it('is null for static, foreign and damaged files', () => {
    const stripped = buildImage(
      SHAPES[0],
      [{ name: '.text', type: 1, write: (w) => w.u8(1) }],
      [{ type: 1, flags: 5 }],
    );
    const image = sampleImage(SHAPES[0]);
    const patched = (at: number, ...values: number[]) => {
      const bytes = image.slice();
      bytes.set(values, at);
      return bytes;
    };
    const bad = [
      stripped,
      new Uint8Array(0),
      new Uint8Array(200),
      image.subarray(0, 100),
      patched(54, 55, 0),
      patched(32, 255, 255, 255, 255, 255, 255, 255, 255),
      // PT_INTERP is the second entry: its size is at 64 + 56 + 32.
      patched(64 + 56 + 32, 1, 0),
      patched(64 + 56 + 32, 0, 0x20),
    ];
    for (const bytes of bad) expect(readInterp(fromBytes(bytes))).toBeNull();
  });

  it('does not allocate what e_phnum claims', () => {
    const bytes = sampleImage(SHAPES[0]);
    bytes.set([0xff, 0xff, 0xff, 0xff], 54);
    let largest = 0;
    readInterp((buffer, position) => {
      largest = Math.max(largest, buffer.length);
      return fromBytes(bytes)(buffer, position);
    });
    expect(largest).toBeLessThanOrEqual(65_535);
  });
});
