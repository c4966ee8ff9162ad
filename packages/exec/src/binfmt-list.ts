// The walk over the binfmt list: every format is asked in order, scripts start it again with their interpreter.
import { decodeText } from '@elf/parse';
import type { FormatRefusal, LoadContext, LoadedImage } from './binary-format.ts';
import { refuse } from './binary-format.ts';
import type { Binprm } from './binprm.ts';
import { ExecErrno, errnoName } from './exec-errno.ts';
import type { LoaderProfile } from './loader-profile.ts';

/** What the walk found. */
export type WalkOutcome =
  | FormatRefusal
  | { readonly kind: 'loaded'; readonly image: LoadedImage; readonly format: string };

/**
 * Walks the list (fs/exec.c, exec_binprm and search_binary_handler).
 * @param hasPassedPoint whether the point of no return is behind us: from then on no other format is asked.
 */
export function walkFormats(
  binprm: Binprm,
  profile: LoaderProfile,
  context: LoadContext,
  hasPassedPoint: () => boolean,
): WalkOutcome {
  for (let depth = 0; ; depth++) {
    if (depth > profile.maximumRewrites) {
      const sentence = `More than ${profile.maximumRewrites} interpreters were chained, or a script names itself.`;
      context.record.add({
        step: 'limit rewrites',
        kernelFunction: 'exec_binprm',
        inputs: { depth },
        decision: sentence,
        errno: ExecErrno.ELOOP,
      });
      return refuse(ExecErrno.ELOOP, 'rewrite-depth', sentence);
    }
    binprm.readHeader(profile.headerBytes);
    context.record.add({
      step: 'read header',
      kernelFunction: 'prepare_binprm',
      inputs: {
        path: decodeText(binprm.path),
        fileBytes: binprm.file.source.size,
        bufferBytes: profile.headerBytes,
        depth,
      },
      decision: `the first bytes are ${firstBytes(binprm.header)}`,
    });
    const outcome = tryFormats(binprm, profile, context, hasPassedPoint);
    if (outcome.kind !== 'rewritten') return outcome;
  }
}

function tryFormats(
  binprm: Binprm,
  profile: LoaderProfile,
  context: LoadContext,
  hasPassedPoint: () => boolean,
): WalkOutcome | { readonly kind: 'rewritten' } {
  const reasons: FormatRefusal[] = [];
  for (const format of profile.formats) {
    const outcome = format.load(binprm, context);
    if (outcome.kind === 'loaded') return { ...outcome, format: format.name };
    if (outcome.kind === 'rewritten') return outcome;
    context.record.add({
      step: `try ${format.name}`,
      kernelFunction: 'search_binary_handler',
      inputs: { format: format.name, rule: outcome.refusal.rule },
      decision: outcome.refusal.sentence,
      errno: outcome.errno,
    });
    if (outcome.errno !== ExecErrno.ENOEXEC || hasPassedPoint()) return outcome;
    reasons.push(outcome);
  }
  return nobodyAccepted(binprm, context, reasons);
}

/** The last resort: kernels with modules ask for one named after bytes 2 and 3, unless the file looks like text. */
function nobodyAccepted(binprm: Binprm, context: LoadContext, reasons: readonly FormatRefusal[]): FormatRefusal {
  const header = binprm.header;
  const looksLikeText = header
    .subarray(0, 4)
    .every((byte) => byte === 9 || byte === 10 || (byte >= 0x20 && byte < 0x7f));
  const alias = `binfmt-${(header[2] | (header[3] << 8)).toString(16).padStart(4, '0')}`;
  context.record.add({
    step: 'request module',
    kernelFunction: 'search_binary_handler',
    inputs: { firstBytes: firstBytes(header), alias: looksLikeText ? 'none' : alias },
    decision: looksLikeText
      ? 'the file starts with printable text, so no module is asked for'
      : `no module answers to ${alias}`,
    errno: ExecErrno.ENOEXEC,
  });
  // The most telling reason: a format that recognised its magic before it refused.
  const told = reasons.find((reason) => !reason.refusal.rule.endsWith('-magic'));
  if (told) return told;
  const sentence = `No binary format knows a file that starts with ${firstBytes(header)} (${errnoName(ExecErrno.ENOEXEC)}).`;
  return refuse(ExecErrno.ENOEXEC, 'unknown-format', sentence);
}

function firstBytes(header: Uint8Array): string {
  return [...header.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
