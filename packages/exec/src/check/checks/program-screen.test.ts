// The screen never lets a program through that one of the kernels it answers for refuses: mutated programs, each judged by all of them.
import { bytesSource, ParseError } from '@elf/parse';
import { expect, it } from 'vitest';
import { judgeImage } from '../../judge-image.ts';
import { LOADER_PROFILES } from '../../profiles/index.ts';
import { buildElf, ET_DYN, ET_EXEC, INTERP, LOAD, NOTE, R, STACK, W, X } from '../../test-support/elf-builder.ts';
import { type ImageFacts, imageFacts } from '../image-facts.ts';
import { ProgramScreen } from './program-screen.ts';

const INTERPRETER = '/lib64/ld-linux-x86-64.so.2\0';
/** NT_GNU_ABI_TAG: Linux 3.2.0. */
const NOTE_BYTES = Uint8Array.of(
  4,
  0,
  0,
  0,
  16,
  0,
  0,
  0,
  1,
  0,
  0,
  0,
  0x47,
  0x4e,
  0x55,
  0,
  0,
  0,
  0,
  0,
  3,
  0,
  0,
  0,
  2,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
);

function program(type: number, base: number): Uint8Array {
  return buildElf({
    type,
    entry: base + 0x1000,
    fileBytes: 0x6000,
    segments: [
      {
        type: INTERP,
        flags: R,
        offset: 0x800,
        vaddr: base + 0x800,
        filesz: INTERPRETER.length,
        memsz: INTERPRETER.length,
        align: 1,
      },
      { type: LOAD, flags: R, vaddr: base, filesz: 0xa00, memsz: 0xa00, align: 0x1000 },
      { type: LOAD, flags: R | X, offset: 0x1000, vaddr: base + 0x1000, filesz: 0x1800, memsz: 0x1800, align: 0x1000 },
      { type: LOAD, flags: R | W, offset: 0x3e00, vaddr: base + 0x4e00, filesz: 0x400, memsz: 0x900, align: 0x1000 },
      {
        type: NOTE,
        flags: R,
        offset: 0x900,
        vaddr: base + 0x900,
        filesz: NOTE_BYTES.length,
        memsz: NOTE_BYTES.length,
        align: 4,
      },
      { type: STACK, flags: R | W, align: 16 },
    ],
    contents: { 0x800: INTERPRETER, 0x900: NOTE_BYTES },
  });
}

const PAGES = [4096, 16384, 65536];
const profiles = LOADER_PROFILES.filter(({ name }) =>
  ['linux', 'freebsd-linuxulator', 'gvisor', 'uek', 'wsl1'].includes(name),
);

function factsOf(image: Uint8Array): ImageFacts | undefined {
  try {
    return imageFacts(bytesSource(image), false);
  } catch (error) {
    if (!ParseError.isInstance(error)) throw error;
    return undefined;
  }
}

function compare(image: Uint8Array): number {
  const facts = factsOf(image);
  if (facts === undefined) return 0;
  const screen = new ProgramScreen(facts);
  let answers = 0;
  for (const profile of profiles) {
    for (const hostPageBytes of profile.name === 'linux' ? PAGES : [4096]) {
      if (!screen.isAcceptedBy(profile.name, hostPageBytes)) continue;
      answers++;
      const { findings } = judgeImage(profile, facts.source, { hostPageBytes });
      expect(findings, `${profile.name} ${hostPageBytes}`).toEqual([]);
    }
  }
  return answers;
}

it('lets ordinary programs through', () => {
  expect(compare(program(ET_EXEC, 0x400000))).toBe(5);
  expect(compare(program(ET_DYN, 0))).toBe(5);
});

it('never answers for a program that a kernel refuses', () => {
  let state = 77;
  const random = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const seeds = [program(ET_EXEC, 0x400000), program(ET_DYN, 0), program(ET_EXEC, 0x10000)];
  const fields = [16, 18, 20, 24, 32, 52, 54, 56];
  let answers = 0;
  for (let round = 0; round < 6000; round++) {
    const image = seeds[round % seeds.length].slice();
    const view = new DataView(image.buffer);
    // One of Oracle's own types now and then, which chance alone does not find.
    if (random(30) === 0) view.setUint32(0x908, 0x07c1_0000 + [0x0001, 0xfeed][random(2)], true);
    for (let change = random(3); change >= 0; change--) {
      switch (random(4)) {
        case 0:
          image[random(64 + 6 * 56)] = [0, 1, 0x10, 0x40, 0x80, 0xff, random(256)][random(7)];
          break;
        case 1:
          image[fields[random(fields.length)]] = random(256);
          break;
        case 2:
          // A word of a program header: zero, small, a page more or less, or huge.
          {
            const at = 64 + 56 * random(6) + 8 * (1 + random(6));
            const word = view.getBigUint64(at, true);
            const changes = [
              0n,
              1n,
              12n,
              word + 0x1000n,
              word - 0x1000n,
              word + 8n,
              word << 1n,
              1n << BigInt(random(64)),
            ];
            view.setBigUint64(at, BigInt.asUintN(64, changes[random(changes.length)]), true);
          }
          break;
        default:
          image[(random(2) === 0 ? 0x800 : 0x900) + random(32)] = random(256);
      }
    }
    answers += compare(random(20) === 0 ? image.subarray(0, random(image.length)) : image);
  }
  expect(answers).toBeGreaterThan(2000);
});
