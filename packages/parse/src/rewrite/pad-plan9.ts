// The page-aligned form of a Plan 9 program: what a loader that can do nothing but map pages needs.
import type { ByteSource } from '../byte-source.ts';
import { readPlan9Header } from '../formats/plan9/header.ts';
import { ParseError } from '../parse-error.ts';
import type { RewriteChange, RewritePiece, RewritePlan } from './rewrite-plan.ts';

/** How to pad. */
export interface PadOptions {
  /** Bytes of a page of the system that maps the file, a power of two. */
  readonly pageBytes: number;
}

const LARGEST_FIELD = 0xffff_ffff;
/** Byte offsets of the header's size fields (a.out(6)). */
const FIELD = { text: 4, data: 8, bss: 12 } as const;

/**
 * Plans the padded form of a Plan 9 program of any machine. It is still an a.out, with three size fields changed:
 *
 * - text grows by zeros up to a page boundary of the file, so the data starts at one;
 * - data grows by the zeros of bss and on to the end of its page, so no byte of what follows shows in memory;
 * - bss is 0; symbols and line tables follow unchanged.
 *
 * Loaded by the format's rules it is the same program: the zeros are where the loader puts zeros. Loaded by mapping it is
 * too: `[0, header + text)` goes to the text address, `[header + text, header + text + data)` to the data address, nothing to copy
 * or to clear. The first loader of Glendix needed a file of that kind (its own tool also dropped the symbols and changed an
 * instruction of the start code; this function changes no code).
 *
 * @throws ParseError `bad-magic` and `truncated` for what is no whole Plan 9 program, `limit` when a size would not fit its field.
 * @example
 * ```ts
 * const plan = padPlan9(source, { pageBytes: 4096 });
 * const padded = rewrittenSource(source, plan);
 * ```
 */
export function padPlan9(source: ByteSource, { pageBytes }: PadOptions): RewritePlan {
  const header = readPlan9Header(source);
  const { text, data, bss, textOffset, dataOffset, symbolsOffset } = header;
  const up = (value: number) => Math.ceil(value / pageBytes) * pageBytes;
  const paddedDataOffset = up(dataOffset);
  const paddedText = paddedDataOffset - textOffset;
  const paddedData = up(data + bss);
  for (const [field, size] of [['text', paddedText] as const, ['data', paddedData] as const]) {
    if (size <= LARGEST_FIELD) continue;
    const sentence = `Padded, the ${field} would take ${size} bytes, more than its 32-bit field can say.`;
    throw new ParseError('limit', FIELD[field], 'plan9', sentence);
  }
  const head = source.read(0, textOffset).slice();
  const view = new DataView(head.buffer);
  view.setUint32(FIELD.text, paddedText);
  view.setUint32(FIELD.data, paddedData);
  view.setUint32(FIELD.bss, 0);

  const pieces: RewritePiece[] = [
    { kind: 'bytes', bytes: head },
    { kind: 'copy', offset: textOffset, length: text },
    { kind: 'zeros', length: paddedText - text },
    { kind: 'copy', offset: dataOffset, length: data },
    { kind: 'zeros', length: paddedData - data },
    { kind: 'copy', offset: symbolsOffset, length: source.size - symbolsOffset },
  ];
  const changes: RewriteChange[] = [
    { offset: FIELD.text, length: 4, sentence: `text: ${text} becomes ${paddedText}` },
    { offset: FIELD.data, length: 4, sentence: `data: ${data} becomes ${paddedData}` },
    { offset: FIELD.bss, length: 4, sentence: `bss: ${bss} becomes 0` },
    { offset: dataOffset, length: paddedText - text, sentence: 'zeros to the page of the data' },
    {
      offset: paddedDataOffset + data,
      length: paddedData - data,
      sentence: 'zeros of bss and to the end of its page',
    },
  ];
  return {
    size: paddedDataOffset + paddedData + (source.size - symbolsOffset),
    pieces: pieces.filter((piece) => piece.kind === 'bytes' || piece.length > 0),
    changes: changes.filter(({ length }) => length > 0),
  };
}
