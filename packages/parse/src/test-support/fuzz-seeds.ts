// Undamaged files to start fuzzing from: every class and byte order of ELF, archives, Plan 9 programs, scripts.
import { encodeText } from '../text.ts';
import { ByteWriter } from './byte-writer.ts';
import { coreImage, SHAPES, sampleImage } from './sample-image.ts';

function arHeader(name: string, size: number): string {
  return `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'644'.padEnd(8)}${String(size).padEnd(10)}\`\n`;
}

/** A GNU archive with a symbol index, a name table, a short and a long name. */
export function sampleArchive(): Uint8Array {
  const index = new ByteWriter(4, false).u32(2, 184, 184).text('alpha').text('beta').align(2).bytes();
  const names = 'a-rather-long-member-name.o/\n';
  const parts = [
    encodeText(`!<arch>\n${arHeader('/', index.length)}`),
    index,
    encodeText(arHeader('//', names.length) + names + '\n'.repeat(names.length % 2)),
    encodeText(`${arHeader('short.o/', 5)}hello\n`),
    encodeText(`${arHeader('/0', 4)}data`),
  ];
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A BSD archive: the name is in front of the data. */
export function sampleBsdArchive(): Uint8Array {
  return encodeText(`!<arch>\n${arHeader('#1/20', 25)}${'a longer name.o'.padEnd(20, '\0')}hello\n`);
}

/** A Plan 9 amd64 program: 16 bytes of text, 8 of data, two symbols with 8-byte values, a file history, a line table. */
export function samplePlan9(): Uint8Array {
  const symbols = new ByteWriter(8, false)
    .words(0x200028n)
    .u8(0x80 | 0x54)
    .text('main')
    .words(0x200030n)
    .u8(0x80 | 0x74)
    .text('helper')
    .words(1n)
    .u8(0x80 | 0x66)
    .text('main.c')
    .words(1n)
    .u8(0x80 | 0x7a, 0)
    .u16(1, 0)
    .bytes();
  const lines = [5, 129 + 3, 66, 0, 0, 0, 1, 0];
  const header = new ByteWriter(8, false).u32(0x8a97, 16, 8, 32, symbols.length, 0, 0, lines.length).words(0x200028n);
  return header.raw(new Uint8Array(24)).raw(symbols).raw(lines).bytes();
}

/** All seeds, in a fixed order. */
export function fuzzSeeds(): Uint8Array[] {
  return [
    ...SHAPES.map(sampleImage),
    ...SHAPES.map((shape) => sampleImage({ ...shape, sectionless: true })),
    ...SHAPES.map(coreImage),
    sampleArchive(),
    sampleBsdArchive(),
    samplePlan9(),
    encodeText('#!/usr/bin/env -S node --flag\nbody\n'),
  ];
}
