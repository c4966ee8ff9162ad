// elf explain FILE [args]: the story of execve for a file, step by step with kernel function names, as text or JSON.
import { existsSync } from 'node:fs';
import { BinfmtMiscTable } from '@elf/exec';
import { namedDirectories } from '../binfmt/conf-directories.ts';
import { loadDirectories } from '../binfmt/load-rules.ts';
import { tellStory } from '../explain/exec-story.ts';
import { type ExplainRequest, readExplainCommandLine } from '../explain/explain-option-rows.ts';
import { looksLikeRule, ruleText } from '../explain/rule-text.ts';
import { storyJson } from '../explain/story-json.ts';
import { storyText } from '../explain/story-text.ts';
import { HostExecutables } from '../host-executables.ts';
import { mistakeText } from '../options.ts';

/** Where a command prints. */
export interface CommandOutput {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

const EXIT_OK = 0;
const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the command.
 * @param args what follows "explain" on the command line.
 * @returns the exit status: 0 the loader accepts the file, 1 it refuses it, 2 usage.
 */
export function explainCommand(
  args: readonly string[],
  io: CommandOutput,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): number {
  const commandLine = readExplainCommandLine(args, environment);
  if ('mistake' in commandLine) {
    io.stderr.write(mistakeText('explain', commandLine.mistake));
    return EXIT_USAGE;
  }
  if ('print' in commandLine) {
    io.stdout.write(commandLine.print);
    return EXIT_OK;
  }
  const { request, remark } = commandLine;
  if (remark !== undefined) io.stderr.write(`elf explain: ${remark}\n`);
  const { program } = request;
  const rule = existsSync(program) ? undefined : ruleText(program);
  if (rule !== undefined) {
    io.stdout.write(rule);
    return EXIT_OK;
  }
  if (!existsSync(program) && looksLikeRule(program)) {
    io.stderr.write(
      `elf explain: there is no rule ${program}, and no file of that name; elf explain --rules shows the rules\n`,
    );
    return EXIT_USAGE;
  }
  return explainFile(request, io, environment);
}

function explainFile(
  request: ExplainRequest,
  io: CommandOutput,
  environment: Readonly<Record<string, string | undefined>>,
): number {
  const files = new HostExecutables();
  const binfmtMisc = new BinfmtMiscTable({ openInterpreter: (path) => files.open(Buffer.from(path).toString()) });
  try {
    const warn = (line: string) => io.stderr.write(`elf explain: ${line}`);
    const directories = namedDirectories(request.binfmtDirectories, environment);
    const failed = loadDirectories(binfmtMisc, directories, environment, warn);
    if (failed !== undefined) {
      io.stderr.write(`elf explain: ${failed.fault}\n`);
      return EXIT_USAGE;
    }
    const story = tellStory(request, files, binfmtMisc);
    io.stdout.write(request.json ? storyJson(story) : storyText(story));
    return story.outcome.ok ? EXIT_OK : EXIT_REFUSED;
  } finally {
    files.close();
  }
}
