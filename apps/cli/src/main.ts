// The elf command: subcommands and their help; everything else is loaded when it is needed.
import { writeSync } from 'node:fs';
import module from 'node:module';
import { Command } from 'commander';
import packageFacts from '../package.json' with { type: 'json' };

const USAGE = 2;
const OWN_FAILURE = 125;

/** A subcommand that parses its own words: binutils' and qemu's conventions are not commander's. */
function addCommand(
  program: Command,
  name: string,
  usage: string,
  description: string,
  run: (args: string[]) => unknown,
): void {
  program
    .command(name)
    .usage(usage)
    .description(description)
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .argument('[words...]')
    .action(async (words: string[]) => {
      const status = await run(words);
      if (typeof status === 'number') process.exitCode = status;
    });
}

async function main(): Promise<void> {
  // Compiling our own JavaScript is a fifth of the start of `elf run`. Node 22.1 and later keep the result; NODE_DISABLE_COMPILE_CACHE=1 forbids it.
  (module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  const program = new Command('elf')
    .description(packageFacts.description)
    .version(packageFacts.version)
    .enablePositionalOptions()
    .configureHelp({ subcommandTerm: (command) => `${command.name()} ${command.usage()}` })
    .showHelpAfterError('elf --help lists the commands.')
    .exitOverride((end) => process.exit(end.exitCode === 0 ? 0 : USAGE));
  const text = { stdout: (part: string) => printAll(1, part), stderr: (part: string) => printAll(2, part) };
  const streams = { stdout: { write: text.stdout }, stderr: { write: text.stderr } };
  addCommand(program, 'run', '[options] PROGRAM [ARGUMENT...]', 'run a Linux x86-64 program', async (words) => {
    const { runCommand } = await import('./commands/run.ts');
    return runCommand(words);
  });
  addCommand(program, 'readelf', '<options> FILE...', "print a file as binutils' readelf does", async (words) => {
    const { readelfCommand } = await import('./commands/readelf.ts');
    return readelfCommand(words, text);
  });
  addCommand(program, 'disassemble', '[options] FILE...', "print code as binutils' objdump -d does", async (words) => {
    const { disassembleCommand } = await import('./commands/disassemble.ts');
    return disassembleCommand(words, text);
  });
  addCommand(program, 'info', 'FILE...', 'tell people what a file is', async (words) => {
    const { infoCommand } = await import('./commands/info.ts');
    return infoCommand(words, text);
  });
  addCommand(
    program,
    'check',
    '[options] FILE|DIRECTORY|ARCHIVE...',
    'say who loads, refuses or damages files',
    async (words) => {
      const { checkCommand } = await import('./commands/check.ts');
      return checkCommand(words, text);
    },
  );
  addCommand(
    program,
    'explain',
    '[options] FILE|RULE [ARGUMENT...]',
    'tell the story of its execve, step by step',
    async (words) => {
      const { explainCommand } = await import('./commands/explain.ts');
      return explainCommand(words, streams);
    },
  );
  addCommand(
    program,
    'maps',
    '[options] FILE [ARGUMENT...]',
    'print its address space and what is damaged',
    async (words) => {
      const { mapsCommand } = await import('./commands/maps.ts');
      return mapsCommand(words, text);
    },
  );
  addCommand(program, 'binfmt', 'list|register|remove|enable|disable ...', 'keep binfmt_misc rules', async (words) => {
    const { binfmtCommand } = await import('./commands/binfmt.ts');
    return binfmtCommand(words, streams);
  });
  addCommand(program, 'pad', '[options] IN OUT', 'page-align a Plan 9 program', async (words) => {
    const { padCommand } = await import('./commands/pad.ts');
    return padCommand(words, text);
  });
  addCommand(program, 'fix', '--phdrs-first IN OUT', 'move program headers into the first page', async (words) => {
    const { fixCommand } = await import('./commands/fix.ts');
    return fixCommand(words, text);
  });
  await program.parseAsync(helpWords(process.argv.slice(2)), { from: 'user' });
}

/** `elf help check` is `elf check --help`: the commands explain themselves. */
function helpWords(words: readonly string[]): readonly string[] {
  return words.length > 1 && words[0] === 'help' ? [words[1], '--help'] : words;
}

/** Writes all of it now. A reader that left (head) ends us quietly, as SIGPIPE would. */
function printAll(number: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(number, bytes, done);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === 'EPIPE') process.exit(141);
      if (code !== 'EAGAIN') throw error;
    }
  }
}

main().catch((error: unknown) => {
  printAll(2, `elf: internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(OWN_FAILURE);
});
