// elf maps FILE: the address space at the first instruction, what a page policy damages in it, and a picture of it.
import { HostExecutables } from '../host-executables.ts';
import { loadStory } from '../maps/load-story.ts';
import { readMapsCommandLine } from '../maps/maps-option-rows.ts';
import { storyJson } from '../maps/maps-story-json.ts';
import { storyText } from '../maps/maps-story-text.ts';
import type { TextStreams } from '../readelf/output.ts';

const EXIT_OK = 0;
const EXIT_REFUSED = 1;
const EXIT_USAGE = 2;

/**
 * Runs the command.
 * @param args what follows "maps" on the command line.
 * @returns the exit status: 0 the program is loaded, 1 it is refused, 2 usage.
 */
export function mapsCommand(
  args: readonly string[],
  io: TextStreams,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): number {
  const commandLine = readMapsCommandLine(args, environment);
  if ('mistake' in commandLine) {
    io.stderr(`elf maps: ${commandLine.mistake}\nelf maps --help shows the options.\n`);
    return EXIT_USAGE;
  }
  if ('print' in commandLine) {
    io.stdout(commandLine.print);
    return EXIT_OK;
  }
  const { request } = commandLine;
  const files = new HostExecutables();
  try {
    const story = loadStory(request, files);
    io.stdout(request.json ? storyJson(story) : storyText(story));
    return story.outcome.ok ? EXIT_OK : EXIT_REFUSED;
  } finally {
    files.close();
  }
}
