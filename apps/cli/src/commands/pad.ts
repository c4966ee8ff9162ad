// `elf pad IN OUT`: the page-aligned form of a Plan 9 program, for loaders that can only map pages.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { type ByteSource, parsePlan9 } from '@elf/parse';
import { padPlan9 } from '@elf/parse/rewrite';
import type { TextStreams } from '../readelf/output.ts';
import { type RewriteCheck, type RewriteCommand, runRewriteCommand } from '../rewrite/rewrite-command.ts';

const EXPLANATION = `Writes a Plan 9 a.out so that its data starts at a page of the file. The result is an a.out still:
  header       text, data and bss changed as below; the entry and all else as they were
  text         followed by zeros up to a multiple of ${GUEST_PAGE_BYTES} bytes of the file; "text" counts them
  data         followed by the zeros of bss and on to the end of its page; "data" counts them, "bss" is 0
  symbols      and line tables unchanged behind that, with whatever followed them
Loaded by the format's rules it is the same program, apart from the three sizes that are visible in its header. It can also be
loaded by mapping alone: [0, header + text) read and execute, [header + text, header + text + data) read and write.
Code is not changed. The permission bits of IN are kept.
`;

const PAD: RewriteCommand = {
  name: 'pad',
  needed: '',
  explanation: EXPLANATION,
  options: [],
  decide: (source) => ({ plan: padPlan9(source, { pageBytes: GUEST_PAGE_BYTES }), headline: 'padded' }),
  check: checkPadded,
};

/**
 * Runs the command.
 *
 * @param args what follows "pad" on the command line.
 * @returns the exit status: 0 written, 1 not a Plan 9 program or not writable, 2 usage.
 * @example
 * ```ts
 * padCommand(['8.out', 'linux.out'], io);
 * ```
 */
export function padCommand(args: readonly string[], io: TextStreams): number {
  return runRewriteCommand(PAD, args, io);
}

const BLOCK_BYTES = 1 << 20;

/** Text, data and symbols are where the new header says, and what was added between them is zeros. */
function checkPadded(before: ByteSource, after: ByteSource): RewriteCheck {
  const [old, padded] = [parsePlan9(before).header, parsePlan9(after).header];
  const parts: [what: string, from: number, to: number, length: number, room: number][] = [
    ['text', old.textOffset, padded.textOffset, old.text, padded.text],
    ['data', old.dataOffset, padded.dataOffset, old.data, padded.data],
    [
      'tables',
      old.symbolsOffset,
      padded.symbolsOffset,
      before.size - old.symbolsOffset,
      after.size - padded.symbolsOffset,
    ],
  ];
  for (const [what, from, to, length, room] of parts) {
    for (let done = 0; done < room; done += BLOCK_BYTES) {
      const size = Math.min(BLOCK_BYTES, room - done);
      const wanted = new Uint8Array(size);
      if (done < length) wanted.set(before.read(from + done, Math.min(size, length - done)));
      if (Buffer.compare(after.read(to + done, size), wanted) !== 0) {
        return { isGood: false, sentence: `the ${what} differ in the block at ${to + done}` };
      }
    }
  }
  const isAligned = padded.dataOffset % GUEST_PAGE_BYTES === 0 && padded.symbolsOffset % GUEST_PAGE_BYTES === 0;
  const sentence = `text, data and tables are the input's, ${old.bss} bytes of bss are zeros at offset ${padded.dataOffset + old.data}`;
  return { isGood: isAligned && padded.bss === 0 && padded.entry === old.entry, sentence };
}
