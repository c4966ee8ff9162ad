// The options of `elf maps` as rows, and the command line as one record.
import { findPagePolicy, type PagePolicy } from '@elf/pagesize';
import {
  LOADER_OPTION_ROWS,
  type LoaderRequest,
  misplacedOption,
  namesAskedFor,
  readLoaderRequest,
} from '../loader-options.ts';
import { type OptionMistake, type OptionRow, optionHelp, parseOptions } from '../options.ts';

// biome-ignore format: one row per line
const MAPS_OPTION_ROWS: readonly OptionRow[] = [
  ...LOADER_OPTION_ROWS,
  { name: 'json',                description: 'print JSON' },
  { name: 'svg',  value: 'file', description: 'draw file offsets against addresses into this file' },
  { name: 'help',                description: 'print this' },
];

export const MAPS_USAGE = `usage: elf maps [options] FILE [ARGUMENT...]

Prints /proc/PID/maps as it will be at the program's first instruction. With a page policy, bytes that it takes from the wrong
place and permissions that it changes stand below the line they are in, compared with Linux on 4 KiB pages. Without one, Linux
maps. Options stand before FILE; what follows it belongs to the program.
Exit status: 0 loaded, 1 refused, 2 usage or a picture that cannot be written.

${optionHelp(MAPS_OPTION_ROWS)}`;

/** What is to be shown. */
export interface MapsRequest extends LoaderRequest {
  readonly policy: PagePolicy;
  readonly json: boolean;
  readonly svgFile: string | undefined;
  /** Policy or page were chosen: the result deserves a summary. */
  readonly isComparison: boolean;
}

/** The command line understood: a request with a remark about it, text to print, or a mistake. */
export type MapsCommandLine =
  | { readonly request: MapsRequest; readonly remark?: string }
  | { readonly print: string }
  | OptionMistake;

/** Reads what follows "maps" on the command line. */
export function readMapsCommandLine(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): MapsCommandLine {
  const parsed = parseOptions(MAPS_OPTION_ROWS, args, environment);
  if ('mistake' in parsed) return parsed;
  const { values } = parsed;
  const print = values.has('help') ? MAPS_USAGE : namesAskedFor(parsed);
  if (print !== undefined) return { print };
  const loader = readLoaderRequest(parsed);
  if ('mistake' in loader) return loader;
  const policy = loader.policy ?? (findPagePolicy('linux') as PagePolicy);
  const isComparison = values.has('policy') || values.has('host-page-size');
  return {
    request: { ...loader, policy, json: values.has('json'), svgFile: values.get('svg')?.at(-1), isComparison },
    remark: misplacedOption(MAPS_OPTION_ROWS, loader.programArguments),
  };
}
