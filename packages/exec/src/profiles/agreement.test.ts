// execve and judgeImage agree on every profile for random headers: execve stops at the first rule that judgeImage lists.
import { GuestMemory } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { judgeImage } from '../judge-image.ts';
import {
  type BuiltElf,
  type BuiltSegment,
  buildElf,
  ET_DYN,
  ET_EXEC,
  INTERP,
  LOAD,
  NOTE,
  R,
  STACK,
  textSegment,
} from '../test-support/elf-builder.ts';
import { run } from '../test-support/run-execve.ts';
import { LOADER_PROFILES } from './index.ts';

const ROUNDS = 500;
/** What depends on more than the file: memory that is taken, and the interpreter, which judgeImage does not open. */
const ELSEWHERE =
  /^(open-|stack-|load-map|load-bss|load-zero|interp-header|interp-elf|interp-type|openbsd-interp-(type|system)|netbsd-interp-(type|load)|unknown-format|policy-)/;

describe('execve and judgeImage', () => {
  let state = 20_261_122;
  const below = (limit: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const mostly = <T>(usual: T, unusual: readonly T[]): T => (below(12) > 0 ? usual : pick(unusual));

  function randomSegment(index: number): BuiltSegment {
    const type = pick([LOAD, LOAD, LOAD, INTERP, STACK, NOTE, 5, 6]);
    if (type === INTERP) return { type, offset: 0x800, filesz: mostly(4, [0, 1, 3, 5, 4097]) };
    if (type === STACK) return { type, flags: below(8) };
    if (type === NOTE) return { type, offset: 0x900, filesz: mostly(24, [0, 11, 0x1000]) };
    const vaddr = mostly(BigInt(0x400000 + index * 0x4000), [0n, 0x400800n, 0x7fffffffe000n, 2n ** 63n, 0x300000n]);
    const filesz = mostly(0x1000n, [0n, 1n, 0x9000n, 2n ** 62n]);
    const memsz = filesz + mostly(0n, [0x800n, 0x3000n, 2n ** 63n, -1n]);
    const offset = mostly(vaddr % 4096n, [1n, 0x1800n, 2n ** 40n]);
    const align = mostly(0x1000n, [0n, 1n, 3n, 0x200000n, 2n ** 40n]);
    return { type, flags: below(8), offset, vaddr, filesz, memsz: memsz < 0n ? 0n : memsz, align };
  }

  function randomImage(): BuiltElf {
    const segments = Array.from({ length: 1 + below(4) }, (_, index) => randomSegment(index));
    return {
      segments,
      type: mostly(pick([ET_EXEC, ET_DYN]), [1, 4]),
      machine: mostly(62, [3, 183]),
      ident: mostly(
        pick([
          [2, 1, 1, 0],
          [2, 1, 1, 3],
          [2, 1, 1, 9],
        ]),
        [
          [1, 1, 1, 9],
          [2, 2, 1, 9],
          [2, 1, 0, 9],
        ],
      ),
      version: mostly(1, [7]),
      phoff: mostly(64, [68, 0x1000, 0x2000, 2n ** 63n]),
      phentsize: mostly(56, [55]),
      phnum: mostly(segments.length, [0, 33, 73, 74, 0xffff]),
      entry: mostly(0x400800n, [2n ** 63n]),
      contents: {
        2048: mostly('/ld\0', ['/ldx', '\0\0\0\0']),
        0x900: pick([note('FreeBSD\0', 8), note('OpenBSD\0', 8), note('NetBSD\0\0', 7), '']),
      },
      fileBytes: mostly(0x9000, [0x1800]),
    };
  }

  const note = (owner: string, nameBytes: number) =>
    Uint8Array.of(nameBytes, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, ...new TextEncoder().encode(owner), 0, 0, 0, 0);
  const interpreter = buildElf({
    type: ET_DYN,
    segments: [{ ...textSegment, flags: R, vaddr: 0 }, { type: 0x65a3dbe9 }],
  });

  it.each(LOADER_PROFILES.map((profile) => [profile.name, profile] as const))('on %s', (_name, profile) => {
    const memory = new GuestMemory({ maximumBytes: 64 << 20 });
    const seen = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const program = buildElf(randomImage());
      const outcome = run(
        { '/program': program, '/ld': interpreter, '/compat/linux/ld': interpreter },
        { profile, memory },
      );
      const [first] = judgeImage(profile, bytesSource(program)).findings;
      if (outcome.ok) {
        outcome.space.destroy();
        expect(first).toBeUndefined();
        seen.add('ok');
        continue;
      }
      const { rule } = outcome.refusal;
      if (ELSEWHERE.test(rule) || (rule === 'elf-machine' && first?.rule === undefined)) continue;
      seen.add(rule);
      expect({ rule, errno: outcome.errno, after: outcome.afterPointOfNoReturn }).toEqual({
        rule: first?.rule,
        errno: first?.errno,
        after: first?.when === 'after',
      });
    }
    expect(seen.size).toBeGreaterThan(6);
  });
});
