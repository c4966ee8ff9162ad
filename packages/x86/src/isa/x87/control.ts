// x87 control, status and state images. Intel SDM vol. 2: FNINIT, FNCLEX, FLDCW, FNSTCW, FNSTSW, FNSTENV, FNSAVE, FXSAVE, EMMS and kin.
import { ax, m, m16, sti } from '../../decode/operand-kinds.ts';
import { Register } from '../../lift/lifter.ts';
import { X87_CONTROL, X87_STATUS } from '../../state/layout.ts';
import { ControlAction } from '../../uop/helpers/x87/control-helpers.ts';
import { type InstructionFamily, instruction, r, row, rw, w } from '../row.ts';
import { loadOperand, request, stackIndex } from './forms.ts';

function control(mnemonic: string, action: number, ...encodings: string[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: mnemonic === 'emms' ? 'mmx' : 'fpu',
    lift: (b) => b.helper('x87-control', request(b, action), b.constant(0)),
    rows: encodings.map((encoding) => row(encoding)),
  });
}
export const fninit = control('fninit', ControlAction.Initialise, 'db rm=3 /4');
export const fnclex = control('fnclex', ControlAction.ClearExceptions, 'db rm=2 /4');
export const fwait = control('fwait', ControlAction.Wait, '9b');
export const fnop = control('fnop', ControlAction.Nothing, 'd9 rm=0 /2');
export const fincstp = control('fincstp', ControlAction.Increment, 'd9 rm=7 /6');
export const fdecstp = control('fdecstp', ControlAction.Decrement, 'd9 rm=6 /6');
export const emms = control('emms', ControlAction.EmptyAll, 'np 0f 77');

/** 8087 and 80287 instructions that later processors ignore: FNENI, FNDISI, FNSETPM. */
export const ignored = instruction({
  mnemonic: '',
  suffixes: ['fneni', 'fndisi', 'fnsetpm'],
  feature: 'fpu',
  lift: () => undefined,
  rows: [row('db rm=0 /4'), row('db rm=1 /4'), row('db rm=4 /4')],
});

function free(mnemonic: string, action: number, encoding: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'fpu',
    lift: (b) => b.helper('x87-control', request(b, action), b.constant(stackIndex(b))),
    rows: [row(encoding, rw(sti))],
  });
}
export const ffree = free('ffree', ControlAction.Free, 'dd mod3 /0');
/** Undocumented in Intel's manual, documented in AMD's; compilers of the nineties used it. */
export const ffreep = free('ffreep', ControlAction.FreeAndPop, 'df mod3 /0');

export const fldcw = instruction({
  mnemonic: 'fldcw',
  feature: 'fpu',
  lift: (b) => b.helper('x87-load-control', loadOperand(b, 16)),
  rows: [row('d9 m /5', r(m16))],
});
export const fnstcw = instruction({
  mnemonic: 'fnstcw',
  feature: 'fpu',
  lift: (b) => b.store(16, 0, b.stateCell(X87_CONTROL)),
  rows: [row('d9 m /7', w(m16))],
});
export const fnstsw = instruction({
  mnemonic: 'fnstsw',
  feature: 'fpu',
  lift: (b) => b.store(16, 0, b.stateCell(X87_STATUS)),
  rows: [row('dd m /7', w(m16))],
});
export const fnstswAx = instruction({
  mnemonic: 'fnstsw',
  feature: 'fpu',
  lift: (b) => b.uop('mov.16', b.register(Register.rax), b.stateCell(X87_STATUS)),
  rows: [row('df rm=0 /4', w(ax))],
});

const NARROW = 1;
const WITH_REGISTERS = 2;
function image(mnemonic: string, helper: string, kind: number, encoding: string): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'fpu',
    lift: (b) => {
      const narrow = b.instruction.operandSize === 16 ? NARROW : 0;
      b.helper(helper, b.constant(kind | narrow), b.address(0));
    },
    rows: [row(encoding, helper === 'x87-save-environment' ? w(m) : r(m))],
  });
}
export const fnstenv = image('fnstenv', 'x87-save-environment', 0, 'd9 m /6');
export const fldenv = image('fldenv', 'x87-load-environment', 0, 'd9 m /4');
export const fnsave = image('fnsave', 'x87-save-environment', WITH_REGISTERS, 'dd m /6');
export const frstor = image('frstor', 'x87-load-environment', WITH_REGISTERS, 'dd m /4');

// Pointers have 64 bits with REX.W, else 32 and the selectors behind them, which processors of today leave zero.
export const fxsave = instruction({
  mnemonic: 'fxsave',
  suffixes: ['', '64'],
  feature: 'fxsr',
  lift: (b) => {
    b.memoryUop('area.128', 0);
    b.helper('fxsave', b.address(0), b.constant(b.position));
  },
  rows: [row('np w0 0f ae m /0', w(m)), row('np w1 0f ae m /0', w(m))],
});
export const fxrstor = instruction({
  mnemonic: 'fxrstor',
  suffixes: ['', '64'],
  feature: 'fxsr',
  lift: (b) => {
    b.memoryUop('area.128', 0);
    b.helper('fxrstor', b.address(0), b.constant(b.position));
  },
  rows: [row('np w0 0f ae m /1', r(m)), row('np w1 0f ae m /1', r(m))],
});
