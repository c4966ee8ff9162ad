// Each tool's trace, on images that carry exactly that trace.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../byte-source.ts';
import { buildImage, type SectionPlan, type SegmentPlan } from '../../test-support/elf-image.ts';
import { SHAPES, sampleImage } from '../../test-support/sample-image.ts';
import { encodeText } from '../../text.ts';
import { parseElf } from './elf.ts';
import { toolFingerprint } from './fingerprint.ts';

const SHAPE = SHAPES[0];
const LOAD: SegmentPlan = { type: 1, flags: 5 };
const tools = (bytes: Uint8Array) =>
  toolFingerprint(parseElf(bytesSource(bytes))).map(({ tool, evidence }) => [tool, evidence]);
const section = (name: string, write: SectionPlan['write'] = (w) => w.u8(1), flags = 0): SectionPlan => ({
  name,
  type: 1,
  flags,
  write,
});
const withSection = (plan: SectionPlan, segments: readonly SegmentPlan[] = [LOAD]) =>
  buildImage(SHAPE, [plan], segments);
const append = (bytes: Uint8Array, text: string) => Uint8Array.from([...bytes, ...encodeText(text)]);
const plain = () => withSection(section('.text'));

function note(owner: string): Uint8Array {
  const plan: SectionPlan = {
    name: '.note',
    type: 7,
    align: 4,
    write: (w) =>
      w
        .u32(owner.length + 1, 4, 0)
        .text(owner)
        .align(4)
        .u32(1),
  };
  return buildImage(SHAPE, [plan], [LOAD, { type: 4, flags: 4, section: '.note', align: 4 }]);
}

describe('toolFingerprint', () => {
  it('finds nothing in a plain file', () => {
    expect(tools(plain())).toEqual([]);
  });

  it.each([
    ['GCC', '.comment: GCC: (X) 12.2.0', withSection(section('.comment', (w) => w.text('GCC: (X) 12.2.0')))],
    ['Rust', '.comment: rustc version 1.80.0', withSection(section('.comment', (w) => w.text('rustc version 1.80.0')))],
    ['mold', '.comment: mold 2.3', withSection(section('.comment', (w) => w.text('mold 2.3')))],
    [
      'Go',
      '.go.buildinfo: go1.22.1',
      withSection(
        section('.go.buildinfo', (w) =>
          w
            .raw([0xff])
            .raw(encodeText(' Go buildinf:'))
            .u8(8, 2)
            .raw(new Uint8Array(16))
            .u8(8)
            .raw(encodeText('go1.22.1')),
        ),
      ),
    ],
    ['Go', 'note of owner Go', note('Go')],
    ['GHC', 'section .debug-ghc-link-info', withSection(section('.debug-ghc-link-info'))],
    ['Bun', 'section .bun', withSection(section('.bun'))],
    [
      'Bun',
      `"\\n---- Bun! ----\\n" at offset ${plain().length}, at the end of the file`,
      append(plain(), '\n---- Bun! ----\n\0\0\0\0'),
    ],
    ['prelink', 'section .gnu.prelink_undo', withSection(section('.gnu.prelink_undo'))],
  ])('%s: %s', (tool, evidence, bytes) => {
    expect(tools(bytes)).toEqual([[tool, evidence]]);
  });

  it('tells a Node.js single executable application, and the editor that made it', () => {
    expect(tools(note('NODE_SEA_BLOB')).map(([tool]) => tool)).toEqual([
      'Node.js single executable application',
      'postject',
    ]);
  });

  it('tells UPX by its magic behind the program headers', () => {
    const bytes = buildImage(
      SHAPE,
      [{ name: '.text', type: 1, align: 1, write: (w) => w.u32(0).raw(encodeText('UPX!')) }],
      [LOAD],
    );
    expect(tools(bytes)).toEqual([['UPX', `"UPX!" behind the program headers, at offset ${64 + 56 + 4}`]]);
  });

  it('tells an AppImage by e_ident', () => {
    const bytes = plain();
    bytes.set([0x41, 0x49, 2], 8);
    expect(tools(bytes).map(([tool]) => tool)).toEqual(['AppImage']);
  });

  it('tells moved program headers', () => {
    const bytes = plain();
    const moved = Uint8Array.from([...bytes, 0, 0, 0, ...bytes.subarray(64, 64 + 56)]);
    new DataView(moved.buffer).setBigUint64(32, BigInt(bytes.length + 3), true);
    expect(tools(moved)).toEqual([
      ['LIEF', `program headers at offset ${bytes.length + 3}, not behind the file header`],
    ]);
  });

  it('tells dynamic strings in a writable segment', () => {
    const bytes = sampleImage(SHAPE);
    // Split off a read-only segment: the sample has one writable segment for everything, as `ld -N` makes.
    expect(tools(bytes).map(([tool]) => tool)).not.toContain('patchelf');
    const readOnly = buildImage(
      SHAPE,
      [section('.interp', (w) => w.text('/lib/ld.so'), 2)],
      [
        { type: 1, flags: 6, section: '.interp' },
        { type: 1, flags: 5 },
      ],
    );
    expect(tools(readOnly)).toEqual([['patchelf', '.interp lies in a writable segment, where no linker puts it']]);
  });
});
