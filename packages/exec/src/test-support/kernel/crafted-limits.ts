// Arguments and resource limits on the very byte where execve changes its mind.
import { type CraftedCase, data, interpreted, pie, program, text } from './crafted-case.ts';
import type { CaseString } from './kernel-runner.ts';

const LONGEST = 131071;
const MIB = 0x10_0000;
const PATH = './plain';
const PATH_BYTES = PATH.length + 1;
const UNLIMITED = Number.POSITIVE_INFINITY;

/** An argv whose strings, pointers and file name take `bytes` of the argument space, argv[0] being the path. */
function filling(bytes: number): CaseString[] {
  const argv: CaseString[] = [PATH];
  let left = bytes - 2 * PATH_BYTES - 8;
  while (left > LONGEST + 1 + 8 + 9) {
    argv.push(LONGEST);
    left -= LONGEST + 1 + 8;
  }
  // Two strings where one would be too long.
  if (left - 8 > LONGEST + 1) {
    argv.push(0);
    left -= 9;
  }
  argv.push(left - 8 - 1);
  return argv;
}

const limited = (
  name: string,
  stackLimitInBytes: number,
  argv: CaseString[] | null,
  more: Partial<CraftedCase> = {},
) => ({
  name,
  path: PATH,
  argv,
  limits: { stackLimitInBytes },
  ...more,
});

const border = (name: string, stackLimit: number, space: number): CraftedCase[] => [
  limited(`${name}: the arguments just fit`, stackLimit, filling(space)),
  limited(`${name}: one byte too many`, stackLimit, filling(space + 1)),
];

const bss = (pages: number) => ({ content: program({ segments: [text, data({ filesz: 0, memsz: pages * 0x1000 })] }) });
const VDSO_COUNTS = 'RLIMIT_AS also counts the vDSO';

/** The cases. */
// biome-ignore format: one row per case
export const limitCases: readonly CraftedCase[] = [
  // Strings.
  { name: 'argument of 131071', path: PATH, argv: [PATH, LONGEST] },
  { name: 'argument of 131072', path: PATH, argv: [PATH, LONGEST + 1] },
  { name: 'environment entry of 131071', path: PATH, envp: [LONGEST] },
  { name: 'environment entry of 131072', path: PATH, envp: [LONGEST + 1] },
  { name: 'argv a null pointer', path: PATH, argv: null },
  { name: 'argv empty', path: PATH, argv: [] },
  { name: 'argv one empty string', path: PATH, argv: [''], envp: ['', 'A', '=', 'A=1'] },
  { name: 'argv with bytes beyond ASCII', path: PATH, argv: ['\xff\xfe', 'caf\xe9'], envp: ['\x80='] },
  { name: '5000 arguments', path: PATH, argv: Array.from({ length: 5000 }, (_, index) => `a${index}`), envp: Array.from({ length: 3000 }, (_, index) => `E${index}=${index}`) },
  ...border('stack of 8 MiB', 8 * MIB, 2 * MIB),
  ...border('stack of 1 MiB', MIB, 262144),
  ...border('stack of 24 MiB', 24 * MIB, 6 * MIB),
  ...border('stack of 256 MiB', 256 * MIB, 6 * MIB),
  ...border('stack without limit', UNLIMITED, 6 * MIB),
  ...border('stack of 512 KiB', 512 * 1024, 131072),
  ...border('stack of 300 KiB', 300 * 1024, 131072),
  limited('pointers leave 8 bytes', 512 * 1024, Array.from({ length: 16383 }, () => '')),
  limited('pointers leave nothing', 512 * 1024, Array.from({ length: 16384 }, () => '')),
  { name: 'environment pointers leave nothing', path: PATH, argv: [PATH], envp: Array.from({ length: 16383 }, () => ''), limits: { stackLimitInBytes: 512 * 1024 } },
  // A script's longer argv is checked against the same floor.
  { name: 'script, arguments just fit', path: './script', argv: ['./script', ...filling(2 * MIB - 8 * 2).slice(1, -1), 130816], limits: { stackLimitInBytes: 8 * MIB } },
  { name: 'script, rewriting goes over', path: './script', argv: ['./script', ...filling(2 * MIB - 8 * 2).slice(1)], limits: { stackLimitInBytes: 8 * MIB } },
  // Small stacks.
  ...[0, 0x1000, 0x2000, 0x5000, 0x10000, 0x20000, 0x21000, 0x22000].map((bytes) => limited(`stack of 0x${bytes.toString(16)}`, bytes, [PATH])),
  ...[0xd000, 0xe000, 0xec00, 0xee00, 0xf000, 0xf800, 0xff00, 0x11000].map((bytes) => limited(`stack of 64 KiB, argument of 0x${bytes.toString(16)}`, 0x10000, [PATH, bytes])),
  limited('stack of 0x21000 with environment', 0x21000, [PATH, 100000], { envp: [20000] }),
  // The mmap area lies below the stack limit.
  ...[64 * MIB, 127 * MIB, 128 * MIB, 129 * MIB, 1024 * MIB, 0x500000000000, UNLIMITED].map((bytes) => ({ name: `PIE, stack of 0x${bytes.toString(16)}`, path: './dynamic', limits: { stackLimitInBytes: bytes } })),
  { name: 'static PIE, stack of 1 GiB', file: { content: pie() }, limits: { stackLimitInBytes: 1024 * MIB } },
  { name: 'static PIE, no stack limit', file: { content: pie() }, limits: { stackLimitInBytes: UNLIMITED } },
  // RLIMIT_DATA counts private writable pages without the stack.
  { name: 'bss of 256 pages, RLIMIT_DATA as much', file: bss(256), limits: { dataLimitInBytes: 256 * 0x1000 } },
  { name: 'bss of 256 pages, RLIMIT_DATA a byte less', file: bss(256), limits: { dataLimitInBytes: 256 * 0x1000 - 1 } },
  { name: 'bss of 256 pages, RLIMIT_DATA 0', file: bss(256), limits: { dataLimitInBytes: 0 } },
  { name: 'bss over text, RLIMIT_DATA of a page', file: { content: program({ segments: [text, data({ filesz: 0, memsz: 0x1000 }), { ...text, vaddr: 0x800000 }, data({ vaddr: 0x800000, offset: 0, filesz: 0, memsz: 1 })] }) }, limits: { dataLimitInBytes: 0x1000 } },
  { name: 'no bss, RLIMIT_DATA 0', path: PATH, limits: { dataLimitInBytes: 0 } },
  { name: 'writable file pages, RLIMIT_DATA 0', file: { content: program({ segments: [text, data({})] }) }, limits: { dataLimitInBytes: 0 } },
  { name: 'interpreter with data, RLIMIT_DATA 0', file: { content: interpreted(program, './ld-bss', { segments: [text] }) }, limits: { dataLimitInBytes: 0 } },
  // RLIMIT_AS.
  { name: 'bss of 64 MiB, RLIMIT_AS of 128 MiB', file: bss(0x4000), limits: { addressSpaceLimitInBytes: 128 * MIB } },
  { name: 'bss of 64 MiB, RLIMIT_AS of 64 MiB', file: bss(0x4000), limits: { addressSpaceLimitInBytes: 64 * MIB } },
  { name: 'bss of 256 pages, RLIMIT_AS just below', file: bss(256), limits: { addressSpaceLimitInBytes: (256 + 0x22) * 0x1000 - 1 }, outcomeOnly: VDSO_COUNTS },
  { name: 'bss of 256 pages, RLIMIT_AS with room for a vDSO', file: bss(256), limits: { addressSpaceLimitInBytes: (256 + 0x22 + 8) * 0x1000 } },
  { name: 'RLIMIT_AS of a page', path: PATH, limits: { addressSpaceLimitInBytes: 0x1000 } },
  { name: 'RLIMIT_AS of 128 KiB', path: PATH, limits: { addressSpaceLimitInBytes: 0x20000 } },
];
