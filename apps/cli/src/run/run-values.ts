// Values of `elf run`'s options as people write them: sizes, times, addresses, a core limit.
import type { OptionMistake } from '../options.ts';

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1 << 20, g: 1 << 30 };
/** A program needs some stack for its arguments; more than this no layout has room for. */
const STACK_BYTES = { least: 128 << 10, most: 2 ** 40 } as const;
const FILE_MEMORY_BYTES = { least: 1 << 20, most: 2 ** 40 } as const;
/** Timers of the host take no longer wait (2^31 - 1 milliseconds). */
const MOST_SECONDS = 2_147_483;
const HIGHEST_BASE = 2 ** 47;
const LONGEST_RELEASE = 64;

/**
 * A size of -s: digits, with k, M or G for units of 1024.
 * @example
 * readStackBytes('16M')   // 16777216
 */
export function readStackBytes(text: string): number | OptionMistake {
  const bytes = readSize(text);
  if (bytes >= STACK_BYTES.least && bytes <= STACK_BYTES.most) return bytes;
  return { mistake: `option -s takes a size from 128k to 1024G, such as 16M, not ${text}` };
}

/** A size of --file-memory, written as that of -s. */
export function readFileMemory(text: string): number | OptionMistake {
  const bytes = readSize(text);
  if (bytes >= FILE_MEMORY_BYTES.least && bytes <= FILE_MEMORY_BYTES.most) return bytes;
  return { mistake: `option --file-memory takes a size from 1M to 1024G, such as 512M, not ${text}` };
}

function readSize(text: string): number {
  const [, digits, unit = ''] = /^(\d{1,13})([kmg]?)$/i.exec(text) ?? [];
  return Number(digits) * (UNITS[unit.toLowerCase()] ?? 1);
}

/** Seconds of -timeout, with a fraction if need be. */
export function readSeconds(text: string): number | OptionMistake {
  const seconds = /^\d{1,7}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  return { mistake: `option -timeout takes seconds up to ${MOST_SECONDS}, not ${text}` };
}

/** The address of -B: a multiple of the guest's page. */
export function readBase(text: string, pageBytes: number): number | OptionMistake {
  const base = /^(0x[0-9a-f]{1,12}|\d{1,15})$/i.test(text) ? Number(text) : Number.NaN;
  if (base >= pageBytes && base < HIGHEST_BASE && base % pageBytes === 0) return base;
  return { mistake: `option -B takes an address that is a multiple of ${pageBytes}, such as 0x40000000, not ${text}` };
}

/** Bytes of -core. */
export function readCoreLimit(text: string): number | OptionMistake {
  if (text === 'unlimited') return Number.POSITIVE_INFINITY;
  return /^\d{1,15}$/.test(text)
    ? Number(text)
    : { mistake: `option -core takes a number of bytes or "unlimited", not ${text}` };
}

/** The release of -r: C libraries read three numbers from its start. */
export function readRelease(text: string): string | OptionMistake {
  if (/^\d+\.\d+(\.\d+)?[\w.+~-]*$/.test(text) && text.length <= LONGEST_RELEASE) return text;
  return { mistake: `option -r takes a release such as 5.4.0, not ${text}` };
}
