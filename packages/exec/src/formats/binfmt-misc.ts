// The binfmt_misc format: the rules of a table say which interpreter gets which file (fs/binfmt_misc.c, load_misc_binary).
import { decodeText } from '@elf/parse';
import type { BinaryFormat, FormatOutcome, LoadContext } from '../binary-format.ts';
import { refuse } from '../binary-format.ts';
import { flagLetters, type MiscEntry } from '../binfmt-misc/misc-entry.ts';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFile } from '../exec-request.ts';
import { unreachable } from './script.ts';

/**
 * Row of the binfmt list: the first one on Linux, so that a rule can take scripts and ELF files from the formats behind it. The
 * table is the request's `binfmtMisc`.
 */
export const miscFormat: BinaryFormat = {
  name: 'misc',
  load(binprm, context): FormatOutcome {
    const entry = context.request.binfmtMisc?.match(binprm.header, binprm.path);
    if (entry === undefined) {
      return refuse(ExecErrno.ENOEXEC, 'misc-magic', whyNone(context));
    }
    if (binprm.isPathInaccessible) return unreachable(binprm.path);
    const { flags, interpreter } = entry;
    if (flags.preservesFirstArgument) binprm.preservesFirstArgument = true;
    const tooBig = binprm.rewriteArguments([interpreter, binprm.path], flags.preservesFirstArgument);
    if (tooBig) return tooBig;
    context.record.add({
      step: 'rewrite misc',
      kernelFunction: 'load_misc_binary',
      inputs: {
        rule: decodeText(entry.name),
        interpreter: decodeText(interpreter),
        flags: flagLetters(flags),
        file: decodeText(binprm.path),
      },
      decision: 'the interpreter takes over with the file as its argument',
    });
    const file = openInterpreter(entry, context);
    if ('kind' in file) return file;
    binprm.handOver(file, interpreter);
    if (flags.opensBinary) binprm.passesFile = true;
    if (flags.usesBinaryCredentials) binprm.usesPassedCredentials = true;
    return { kind: 'rewritten' };
  },
};

/** With F the file of the registration is used, whatever the path means now; else the path is opened, relative ones from cwd. */
function openInterpreter(entry: MiscEntry, context: LoadContext): ExecFile | ReturnType<typeof refuse> {
  return entry.interpreterFile ?? context.openExecutable(entry.interpreter);
}

function whyNone({ request: { binfmtMisc: table } }: LoadContext): string {
  if (table === undefined || table.entries.length === 0) return 'No binfmt_misc rule is registered.';
  if (!table.isEnabled) return 'binfmt_misc is switched off.';
  return `None of the ${table.entries.length} binfmt_misc rules takes the file.`;
}
