// `elf fix --phdrs-first IN OUT`: rewrites a file so that loaders which look only at its first page accept it.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import type { ByteSource } from '@elf/parse';
import { compareLoaded, movePhdrsFirst, type RewritePlan } from '@elf/parse/rewrite';
import type { TextStreams } from '../readelf/output.ts';
import { hex } from '../report-numbers.ts';
import {
  type RewriteCheck,
  type RewriteCommand,
  type RewriteDecision,
  runRewriteCommand,
} from '../rewrite/rewrite-command.ts';

const EXPLANATION = `--phdrs-first moves the program headers into the first ${GUEST_PAGE_BYTES} bytes, at a multiple of 8, inside a PT_LOAD. FreeBSD
refuses others ("Program headers not in the first page", "Unaligned program headers"). In this order:
  free room                         bytes of the first page that no header, section, symbol or relocation uses and that are
                                    zeros, patchelf's filler, an outdated table, or outdated copies of notes
  room beside the interpreter path  the same, with the path in PT_INTERP moved within the page to make it enough
  page in front                     for programs with fixed addresses: new bytes before the file, as many as the largest p_align;
                                    the lowest PT_LOAD grows downwards over them; all file offsets grow
  otherwise                         nothing is written, and every way says why it is closed
Changed: e_phoff, the table's place, PT_PHDR; when moved, PT_INTERP and .interp; with a page in front also e_shoff, sh_offset and
p_offset. Nothing else: after writing, the file part of every PT_LOAD is compared with the input, byte for byte and address for address.
Whoever checks a signature or a checksum of the file will notice. Where the headers are in place already, OUT is a copy of IN.
The permission bits of IN are kept.
`;

const PHDRS_FIRST = 'phdrs-first';

const FIX: RewriteCommand = {
  name: 'fix',
  needed: `--${PHDRS_FIRST} `,
  explanation: EXPLANATION,
  options: [{ name: PHDRS_FIRST, description: 'move the program headers into the first page' }],
  mistake: (given) => (given.has(PHDRS_FIRST) ? undefined : `say what to fix: --${PHDRS_FIRST}`),
  decide,
  check,
};

/**
 * Runs the command.
 *
 * @param args what follows "fix" on the command line.
 * @returns the exit status: 0 written, 1 not possible for this file or not writable, 2 usage.
 * @example
 * ```ts
 * fixCommand(['--phdrs-first', 'copilot', 'copilot-for-freebsd'], io);
 * ```
 */
export function fixCommand(args: readonly string[], io: TextStreams): number {
  return runRewriteCommand(FIX, args, io);
}

function decide(source: ByteSource): RewriteDecision {
  const result = movePhdrsFirst(source, { pageBytes: GUEST_PAGE_BYTES });
  if (result.kind === 'refused') return { reasons: result.ways.map(({ way, sentence }) => `${way}: ${sentence}`) };
  if (result.kind === 'rewritten') {
    return {
      plan: result.plan,
      headline: `program headers moved to offset ${result.tableOffset} (${result.strategy})`,
    };
  }
  const copy: RewritePlan = {
    size: source.size,
    pieces: [{ kind: 'copy', offset: 0, length: source.size }],
    changes: [],
  };
  return { plan: copy, headline: `copied unchanged: ${result.sentence}` };
}

function check(before: ByteSource, after: ByteSource, plan: RewritePlan): RewriteCheck {
  const { segments, comparedBytes, announcedBytes, differences, mismatches } = compareLoaded(
    before,
    after,
    plan.changes,
  );
  const [difference] = differences;
  if (difference) {
    const sentence = `${difference.length} bytes at address ${hex(difference.address)} differ`;
    return { isGood: false, sentence };
  }
  if (mismatches.length > 0) return { isGood: false, sentence: mismatches.join(' ') };
  const again = movePhdrsFirst(after, { pageBytes: GUEST_PAGE_BYTES });
  const where = `${comparedBytes} bytes of ${segments} PT_LOAD${segments === 1 ? '' : 's'}`;
  const except = announcedBytes === 0 ? '' : `, except for ${announcedBytes} bytes inside the changes above`;
  const sentence = `${where} are the input's${except}`;
  return again.kind === 'unchanged'
    ? { isGood: true, sentence }
    : { isGood: false, sentence: 'the table is not first' };
}
