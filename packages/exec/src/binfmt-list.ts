// The walk over the binfmt list: every format is asked in order, scripts and misc rules start it again with their interpreter.
import { decodeText } from '@elf/parse';
import type { BinaryFormat, FormatRefusal, LoadContext, LoadedImage } from './binary-format.ts';
import { refuse } from './binary-format.ts';
import type { Binprm } from './binprm.ts';
import { ExecErrno, errnoName } from './exec-errno.ts';
import { moduleAlias } from './format-provider.ts';
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
  const formats = [...profile.formats];
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
    const outcome = searchFormats(binprm, formats, context, hasPassedPoint);
    if (outcome.kind !== 'rewritten') return outcome;
    const refused = binprm.followInterpreter();
    if (refused) return refused;
  }
}

type SearchOutcome = WalkOutcome | { readonly kind: 'rewritten' };

/** One search of the list, repeated once when a provider adds a format to it. */
function searchFormats(
  binprm: Binprm,
  formats: BinaryFormat[],
  context: LoadContext,
  hasPassedPoint: () => boolean,
): SearchOutcome {
  const first = tryFormats(binprm, formats, context, hasPassedPoint);
  if (!Array.isArray(first)) return first;
  const { traits } = context.request.profile;
  const isAdded = traits?.asksForModules !== false && requestFormat(binprm, formats, context);
  if (!isAdded) return nobodyAccepted(binprm, first);
  const second = tryFormats(binprm, formats, context, hasPassedPoint);
  return Array.isArray(second) ? nobodyAccepted(binprm, second) : second;
}

/** Asks every format. Returns their refusals when none of them knows the file. */
function tryFormats(
  binprm: Binprm,
  formats: readonly BinaryFormat[],
  context: LoadContext,
  hasPassedPoint: () => boolean,
): SearchOutcome | FormatRefusal[] {
  const reasons: FormatRefusal[] = [];
  for (const format of formats) {
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
  return reasons;
}

/** The last resort: a format named after bytes 2 and 3, unless the file looks like text. Says whether there is one now. */
function requestFormat(binprm: Binprm, formats: BinaryFormat[], context: LoadContext): boolean {
  const alias = moduleAlias(binprm.header);
  const format = alias === undefined ? undefined : context.request.formatProvider?.requestFormat(alias);
  if (format !== undefined) formats.push(format);
  context.record.add({
    step: 'request module',
    kernelFunction: 'search_binary_handler',
    inputs: { firstBytes: firstBytes(binprm.header), alias: alias ?? 'none' },
    decision:
      alias === undefined
        ? 'the file starts with printable text, so no module is asked for'
        : format === undefined
          ? `no module answers to ${alias}`
          : `the format ${format.name} answers to ${alias}; the list is walked once more`,
    errno: format === undefined ? ExecErrno.ENOEXEC : undefined,
  });
  return format !== undefined;
}

function nobodyAccepted(binprm: Binprm, reasons: readonly FormatRefusal[]): FormatRefusal {
  // The most telling reason: a format that recognised magic and machine before it refused, else one that knew the magic.
  const told =
    reasons.find(({ refusal }) => !/-(magic|machine)$/.test(refusal.rule)) ??
    reasons.find(({ refusal }) => !refusal.rule.endsWith('-magic'));
  if (told) return told;
  const sentence = `No binary format knows a file that starts with ${firstBytes(binprm.header)} (${errnoName(ExecErrno.ENOEXEC)}).`;
  return refuse(ExecErrno.ENOEXEC, 'unknown-format', sentence);
}

function firstBytes(header: Uint8Array): string {
  return [...header.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
