// Random images out of the values rules turn on, the same for the same seed: what nobody thought of when the cases were crafted.
import { type BuiltSegment, buildElf, ET_DYN, ET_EXEC, INTERP, LOAD, NOTE, R, STACK, W, X } from '../elf-builder.ts';
import { BASE, CODE, type CraftedCase, FILLER } from './crafted-case.ts';
import { buildElf32 } from './elf32-builder.ts';
import { tinyProgram } from './tiny-programs.ts';

const INTERPRETER_PATH = 0x800;
const PAGE_STEP = 0x1000;

/** Random numbers of a seed. */
function generator(seed: number) {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (probability: number) => next() < probability,
    below: (limit: number) => Math.floor(next() * limit),
    pick: <T>(...values: readonly T[]): T => values[Math.floor(next() * values.length)],
  };
}

type Random = ReturnType<typeof generator>;

/** One image and how it is executed. */
export function randomCase(seed: number): CraftedCase {
  const random = generator(seed);
  const is32 = random.chance(0.3);
  const type = random.chance(0.03) ? random.pick(0, 1, 4, 0xfe00) : random.pick(ET_EXEC, ET_DYN);
  const base = type === ET_DYN ? random.pick(0, 0, 0, 0x10000, 0x34000) : random.pick(BASE, BASE, 0x10000, 0x8048000);
  const fileBytes = random.pick(0x1000, 0x3000, 0x3000, 0x5801);
  const text = { type: LOAD, flags: R | X, offset: 0, vaddr: base, filesz: 0x1000, memsz: 0x1000, align: PAGE_STEP };
  const others = Array.from({ length: random.below(6) }, () => randomHeader(random, base, is32));
  const at = random.below(others.length + 1);
  const segments = random.chance(0.93) ? [...others.slice(0, at), text, ...others.slice(at)] : others;
  const interpreter = random.pick(
    './ld',
    './ld',
    './ld32',
    './ld-bss',
    './ld-exec-beside',
    './ld-descending',
    './nowhere',
  );
  const contents = {
    [PAGE_STEP]: new Uint8Array(Math.max(0, fileBytes - PAGE_STEP)).fill(FILLER),
    [CODE]: tinyProgram(is32 ? 32 : 64),
    [INTERPRETER_PATH]: `${interpreter}\0`,
  };
  for (const segment of segments) {
    if (segment.type === INTERP && random.chance(0.9)) {
      Object.assign(segment, { offset: INTERPRETER_PATH, filesz: interpreter.length + 1 });
    }
  }
  const elf = {
    type,
    segments,
    fileBytes,
    contents,
    entry: random.chance(0.9) ? base + CODE : base + random.below(0x8000),
    ...(random.chance(0.05) && { phoff: random.pick(0x101, fileBytes - 200, fileBytes - 20, 0x1800) }),
    ...(random.chance(0.02) && { phnum: random.pick(0, 1, 700, 0xffff) }),
    ...(random.chance(0.02) && { machine: random.pick(3, 6, 62, 183) }),
  };
  return {
    name: `random ${seed}`,
    isOnlyStopped: true,
    file: { content: (is32 ? buildElf32 : buildElf)(elf) },
    unprivileged: random.chance(0.4),
    argv: ['program', 'x'.repeat(random.below(40))],
    envp: random.chance(0.5) ? [] : [`A=${'y'.repeat(random.below(20))}`],
    ...(random.chance(0.15) && {
      limits: random.pick(
        { stackLimitInBytes: random.pick(0x1000, 0x20000, 0x100000, 0x10000000, Number.POSITIVE_INFINITY) },
        { dataLimitInBytes: random.pick(0, 0x1000, 0x4000) },
      ),
    }),
  };
}

function randomHeader(random: Random, base: number, is32: boolean): BuiltSegment {
  const type = random.chance(0.75) ? LOAD : random.pick(STACK, INTERP, NOTE, 0, 6);
  const within = random.pick(0, 0, 0, 0x10, 0x234, 0x800, 0xff0, 0xfff);
  const far = is32
    ? random.pick(0, 0xffffd000, 0xffffe000, 0xfffff000)
    : random.pick(0, 0x7fffffffe000, 0x7ffffffff000, 0x7ffff7fca000);
  const page = base >= BASE && random.chance(0.06) ? far : base + random.below(12) * PAGE_STEP;
  const filesz = random.pick(0, 0, 1, 0x10, 0x100, 0x800, 0x1000, 0x1001, 0x2345);
  const more = random.pick(0, 0, 0, 1, 0x10, 0x800, 0x1000, 0x3000, 0x3001);
  return {
    type,
    flags: random.pick(R, R | X, R | W, R | W, R | W | X, 0, W),
    offset: random.below(5) * PAGE_STEP + (random.chance(0.04) ? random.below(0x1000) : within),
    vaddr: page + within,
    filesz,
    memsz: random.chance(0.03) ? Math.max(0, filesz - 1) : filesz + more,
    align: random.pick(0, 1, 3, PAGE_STEP, PAGE_STEP, PAGE_STEP, 0x4000, 0x10000, 0x200000),
  };
}
