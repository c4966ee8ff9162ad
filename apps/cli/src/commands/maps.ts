// elf maps FILE: the address space at the first instruction, what a page policy damages in it, and a picture of it.
import { writeFileSync } from 'node:fs';
import { hostErrorText } from '../host-error-text.ts';
import { HostExecutables } from '../host-executables.ts';
import { type LoadStory, loadStory } from '../maps/load-story.ts';
import { readMapsCommandLine } from '../maps/maps-option-rows.ts';
import { storyJson } from '../maps/maps-story-json.ts';
import { storyText } from '../maps/maps-story-text.ts';
import { drawPicture } from '../maps/svg/picture.ts';
import { mistakeText } from '../options.ts';
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
    io.stderr(mistakeText('maps', commandLine.mistake));
    return EXIT_USAGE;
  }
  if ('print' in commandLine) {
    io.stdout(commandLine.print);
    return EXIT_OK;
  }
  const { request, remark } = commandLine;
  if (remark !== undefined) io.stderr(`elf maps: ${remark}\n`);
  const files = new HostExecutables();
  try {
    const story = loadStory(request, files);
    io.stdout(request.json ? storyJson(story) : storyText(story));
    const mistake = request.svgFile === undefined ? undefined : writePicture(story, request.svgFile);
    if (mistake !== undefined) {
      io.stderr(`elf maps: ${mistake}\n`);
      return EXIT_USAGE;
    }
    return story.outcome.ok ? EXIT_OK : EXIT_REFUSED;
  } finally {
    files.close();
  }
}

/** Draws the program, also one that was refused; answers why it could not. */
function writePicture({ images, request }: LoadStory, path: string): string | undefined {
  const [program] = images;
  if (program === undefined || program.loads.length === 0) return `${request.program} has no ELF segments to draw`;
  try {
    writeFileSync(path, drawPicture(program));
    return undefined;
  } catch (error) {
    return `the picture cannot be written to ${path}: ${hostErrorText(error)}`;
  }
}
