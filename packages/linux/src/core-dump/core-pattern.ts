// The name of a core file: /proc/sys/kernel/core_pattern (man 5 core; fs/coredump.c, format_corename).

/** What the letters of a pattern stand for. Strings are byte strings. */
export interface CorePatternFacts {
  readonly processId: number;
  readonly threadId: number;
  readonly user: number;
  readonly group: number;
  readonly dumpMode: number;
  readonly signal: number;
  /** Seconds since 1970. */
  readonly time: bigint;
  readonly hostName: string;
  /** Name of the process, and the path of its executable. */
  readonly command: string;
  readonly executable: string;
  /** RLIMIT_CORE. */
  readonly limit: bigint;
}

/** The pattern of a system nobody configured. */
export const DEFAULT_CORE_PATTERN = 'core';

/**
 * Expands a pattern to a path. Slashes in what letters stand for become "!"; a letter nobody knows leaves nothing.
 * @example
 * corePath('core.%e.%p', facts)   // 'core.sleep.1000'
 */
export function corePath(pattern: string, facts: CorePatternFacts): string {
  return pattern.replace(/%(.?)/gs, (_, letter: string) => (letter === '%' ? '%' : meaningOf(letter, facts)));
}

/**
 * The command line of a pattern that names a program. It is split before letters are expanded, so that a name with spaces stays one word.
 * @example
 * coreHelperWords('|/usr/bin/handler %p %e', facts)   // ['/usr/bin/handler', '1000', 'sleep']
 */
export function coreHelperWords(pattern: string, facts: CorePatternFacts): string[] {
  const words = pattern.slice(1).split(/[ \t\n]+/);
  return words.filter((word) => word !== '').map((word) => corePath(word, facts));
}

function meaningOf(letter: string, facts: CorePatternFacts): string {
  switch (letter) {
    case 'p':
    case 'P':
      return String(facts.processId);
    case 'i':
    case 'I':
      return String(facts.threadId);
    case 'u':
      return String(facts.user);
    case 'g':
      return String(facts.group);
    case 'd':
      return String(facts.dumpMode);
    case 's':
      return String(facts.signal);
    case 't':
      return String(facts.time);
    case 'h':
      return withoutSlashes(facts.hostName);
    case 'e':
      return withoutSlashes(facts.command);
    case 'f':
      return facts.executable.slice(facts.executable.lastIndexOf('/') + 1);
    case 'E':
      return withoutSlashes(facts.executable);
    case 'c':
      return String(facts.limit);
    default:
      return '';
  }
}

/** A name must not lead elsewhere: "." and ".." lose their first dot as well (cn_esc_printf). */
function withoutSlashes(text: string): string {
  const flat = text.replaceAll('/', '!');
  return flat === '.' || flat === '..' ? `!${flat.slice(1)}` : flat;
}
