// RFLAGS as a whole: PUSHF, POPF, LAHF, SAHF.
import { DF, STATUS_FLAGS } from '../../state/flags.ts';
import { type HelperRow, helper } from './helper-row.ts';

/** Bits POPF changes in user mode: status flags, TF, DF, NT, AC, ID (SDM vol. 2, POPF; IOPL and IF stay at CPL 3). */
const POPF_MASK = STATUS_FLAGS | DF | 0x100 | 0x4000 | 0x4_0000 | 0x20_0000;

export const flagHelpers: readonly HelperRow[] = [
  helper('flags-read', ({ memory, cpu }, out) => {
    memory.i32[out >>> 2] = cpu.flags;
    memory.i32[(out >>> 2) + 1] = 0;
    return 0;
  }),
  // Cells: new image, mask of the bits to take from it.
  helper('flags-write', ({ memory, cpu }, image, mask) => {
    const bits = memory.i32[mask >>> 2] & POPF_MASK;
    cpu.flags = (cpu.flags & ~bits) | (memory.i32[image >>> 2] & bits);
    return 0;
  }),
];
