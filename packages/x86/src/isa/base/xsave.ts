// Extended state and what the CPU tells about it. Intel SDM vol. 2: XGETBV, XSETBV, XSAVE, XSAVEOPT, XSAVEC, XRSTOR.
import { m } from '../../decode/operand-kinds.ts';
import { XsaveForm } from '../../uop/helpers/xsave.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';

export const xgetbv = instruction({ mnemonic: 'xgetbv', feature: 'xsave', lift: (b) => b.helper('xgetbv'), rows: [row('np 0f 01 rm=0 /2')] });
/** Needs privilege level 0. */
export const xsetbv = instruction({ mnemonic: 'xsetbv', feature: 'xsave', lift: (b) => b.raise(13), rows: [row('np 0f 01 rm=1 /2')] });

// The area lies on 64 bytes, or #GP.
function area(mnemonic: string, feature: string, helper: 'xsave' | 'xrstor', form: number, encoding: string): InstructionFamily {
  const operand = helper === 'xsave' ? w(m) : r(m);
  return instruction({
    mnemonic,
    suffixes: ['', '64'],
    feature,
    lift: (b) => {
      b.memoryUop('area.512', 0);
      b.helper(helper, b.address(0), b.constant(form | (b.position === 1 ? XsaveForm.wide : 0)));
    },
    rows: [row(`np w0 ${encoding}`, operand), row(`np w1 ${encoding}`, operand)],
  });
}
export const xsave = area('xsave', 'xsave', 'xsave', 0, '0f ae m /4');
export const xsaveopt = area('xsaveopt', 'xsaveopt', 'xsave', XsaveForm.optimised, '0f ae m /6');
export const xsavec = area('xsavec', 'xsavec', 'xsave', XsaveForm.compacted, '0f c7 m /4');
export const xrstor = area('xrstor', 'xsave', 'xrstor', 0, '0f ae m /5');
