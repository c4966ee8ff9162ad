// Instructions that 64-bit mode took away. Intel SDM vol. 2: PUSHA, POPA, BOUND, INTO, SALC, DAA, DAS, AAA, AAS, AAM, AAD, SYSENTER.
import { imm8, rv, mv } from '../../decode/operand-kinds.ts';
import { ExitStatus } from '../../engine/exit-status.ts';
import { Register } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, r, row } from '../row.ts';

const REGISTERS = [0, 1, 2, 3, 4, 5, 6, 7];

export const pusha = instruction({
  mnemonic: 'pusha',
  lift: (b) => {
    const width = b.instruction.operandSize;
    const rsp = b.register(Register.rsp);
    // From EAX down to EDI; the stack pointer as it was.
    for (const register of REGISTERS) b.storeAt(width, rsp, (-width / 8) * (register + 1), b.register(register));
    b.moveStack(-width);
  },
  rows: [row('m32only 60')],
});

export const popa = instruction({
  mnemonic: 'popa',
  lift: (b) => {
    const width = b.instruction.operandSize;
    const rsp = b.register(Register.rsp);
    // From EDI up to EAX; the image of the stack pointer is read and thrown away. A fault on the way leaves what was popped before, as on hardware.
    for (const register of REGISTERS.toReversed())
      b.loadAt(width, rsp, (width / 8) * (7 - register), register === Register.rsp ? b.temporary() : b.register(register));
    b.moveStack(width);
  },
  rows: [row('m32only 61')],
});

export const bound = instruction({
  mnemonic: 'bound',
  lift: (b) => {
    const width = b.width(0);
    const signed = (cell: number) => b.value(`sx.${width}`, cell);
    const index = signed(b.registerOperand(0));
    // An index below the first bound is reported before the second one is read.
    b.helper('bound', signed(b.load(width, 1)), index);
    b.helper('bound', index, signed(b.load(width, 1, width / 8)));
  },
  rows: [row('m32only 62 m /r', r(rv), r(mv))],
});

export const into = instruction({ mnemonic: 'into', flags: 'r:o', lift: (b) => b.trapOverflow(), rows: [row('m32only ce')] });

/** Undocumented until recent manuals, present in all processors: AL from CF. */
export const salc = instruction({
  mnemonic: 'salc',
  flags: 'r:c',
  lift: (b) => b.uop('mov.8', b.register(Register.rax), b.value('sub.64', b.constant(0), b.value('cond.b'))),
  rows: [row('m32only d6')],
});

function adjust(mnemonic: string, opcode: string, flags: string): InstructionFamily {
  return instruction({ mnemonic, flags, lift: (b) => b.helper(mnemonic), rows: [row(`m32only ${opcode}`)] });
}
export const daa = adjust('daa', '27', 'r:ac w:szapc u:o');
export const das = adjust('das', '2f', 'r:ac w:szapc u:o');
export const aaa = adjust('aaa', '37', 'r:a w:ac u:oszp');
export const aas = adjust('aas', '3f', 'r:a w:ac u:oszp');

function adjustBy(mnemonic: string, opcode: string): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:szp u:oac',
    lift: (b) => b.helper(mnemonic, b.read(0)),
    rows: [row(`m32only ${opcode} ib`, r(imm8))],
  });
}
export const aam = adjustBy('aam', 'd4');
export const aad = adjustBy('aad', 'd5');

export const sysenter = instruction({
  mnemonic: 'sysenter',
  lift: (b) => b.exit(ExitStatus.SystemCall, 1),
  rows: [row('m32only 0f 34')],
});
