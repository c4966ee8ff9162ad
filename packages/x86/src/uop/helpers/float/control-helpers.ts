// LDMXCSR (SDM vol. 2): reserved bits are #GP.
import { ExitStatus } from '../../../engine/exit-status.ts';
import { MXCSR } from '../../../state/layout.ts';
import { type HelperRow, helper } from '../helper-row.ts';

export const floatControlHelpers: readonly HelperRow[] = [
  helper('mxcsr-write', ({ memory, cpu }, value) => {
    const image = memory.i32[value >>> 2];
    if ((image & ~0xffff) !== 0) return ExitStatus.GeneralProtection;
    memory.i32[(cpu.state + MXCSR) >>> 2] = image;
    return 0;
  }),
];
