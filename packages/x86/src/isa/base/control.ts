// Control transfer. Intel SDM vol. 2: JMP, Jcc, CALL, RET, LOOP, JRCXZ, INT, SYSCALL, UD, HLT.
import { imm8, imm16, rel8, relz, rms } from '../../decode/operand-kinds.ts';
import { ExitStatus } from '../../engine/exit-status.ts';
import { type Lifter, Register } from '../../lift/lifter.ts';
import { CONDITIONS } from '../../uop/condition.ts';
import { type InstructionFamily, instruction, r, row } from '../row.ts';

const hex = (value: number) => value.toString(16).padStart(2, '0');

// The target of an indirect jump, copied: it may lie on the stack or in RSP itself.
function target(b: Lifter): number {
  if (b.mode === 32) return narrowTarget(b);
  if (b.isMemory(0)) return b.load(64, 0);
  return b.value('mov.64', b.registerOperand(0));
}
// In 32-bit mode a 16-bit operand clears the upper half of EIP; every address is canonical.
function narrowTarget(b: Lifter): number {
  const { operandSize } = b.instruction;
  const destination = b.temporary();
  if (b.isMemory(0)) b.memoryUop(`ldzx.${operandSize}`, 0, destination);
  else b.uop(`zx.${operandSize}`, destination, b.registerOperand(0));
  return destination;
}
function checkTarget(b: Lifter, destination: number): void {
  if (b.mode === 64) b.uop('target.check', destination);
}

export const jmp = instruction({
  mnemonic: 'jmp',
  default64: true,
  lift: (b) => {
    if (b.kind(0).place === 'relative') b.jump(b.relative(0));
    else {
      const destination = target(b);
      checkTarget(b, destination);
      b.jumpIndirect(destination);
    }
  },
  rows: [row('eb cb', r(rel8)), row('e9 cz', r(relz)), row('ff /4', r(rms))],
});

export const jcc = instruction({
  mnemonic: 'j',
  suffixes: [...CONDITIONS, ...CONDITIONS],
  flags: 'r:oszpc',
  default64: true,
  lift: (b) => b.branch(CONDITIONS[b.position & 15], b.relative(0)),
  rows: [...CONDITIONS.map((_, index) => row(`${hex(0x70 + index)} cb`, r(rel8))), ...CONDITIONS.map((_, index) => row(`0f ${hex(0x80 + index)} cz`, r(relz)))],
});

export const call = instruction({
  mnemonic: 'call',
  default64: true,
  lift: (b) => {
    const relative = b.kind(0).place === 'relative';
    const destination = relative ? 0 : target(b);
    const width = b.mode === 64 ? 64 : b.instruction.operandSize;
    // As hardware does it: the return address is stored, then the target is checked, then RSP moves.
    b.storeAt(width, b.register(Register.rsp), -width / 8, b.codeAddress(b.next));
    if (!relative) checkTarget(b, destination);
    b.moveStack(-width / 8);
    if (relative) b.jump(b.relative(0));
    else b.jumpIndirect(destination);
  },
  rows: [row('e8 cz', r(relz)), row('ff /2', r(rms))],
});

export const ret = instruction({
  mnemonic: 'ret',
  default64: true,
  lift: (b) => {
    const rsp = b.register(Register.rsp);
    const width = b.mode === 64 ? 64 : b.instruction.operandSize;
    const destination = b.value(width === 64 ? 'target.load' : `ldzx.${width}`, rsp, 0);
    const extra = b.instruction.candidate.row.operands.length > 0 ? b.immediate(0) & 0xffff : 0;
    b.moveStack(width / 8 + extra);
    b.jumpIndirect(destination);
  },
  rows: [row('c3'), row('c2 iw', r(imm16))],
});

function counter(b: Lifter): { cell: number; next: number } {
  const rcx = b.register(Register.rcx);
  const next = b.value('lea.bd', rcx, -1);
  b.uop(`mov.${b.instruction.addressSize}`, rcx, next);
  return { cell: b.addressed(rcx), next };
}

export const loop = instruction({
  mnemonic: 'loop',
  default64: true,
  lift: (b) => b.branchZero(counter(b).cell, b.next, b.relative(0)),
  rows: [row('e2 cb', r(rel8))],
});
function conditionalLoop(mnemonic: string, opcode: string, condition: string) {
  return instruction({
    mnemonic,
    default64: true,
    flags: 'r:z',
    lift: (b) => {
      const holds = b.value(`cond.${condition}`);
      const { cell } = counter(b);
      // Taken when the condition holds and the counter is not zero.
      const zero = b.value('eqz.64', cell);
      const taken = b.value('and.64', holds, b.value('eqz.64', zero));
      b.branchZero(taken, b.next, b.relative(0));
    },
    rows: [row(`${opcode} cb`, r(rel8))],
  });
}
export const loope = conditionalLoop('loope', 'e1', 'e');
export const loopne = conditionalLoop('loopne', 'e0', 'ne');
export const jrcxz = instruction({
  mnemonic: 'jrcxz',
  default64: true,
  lift: (b) => {
    b.branchZero(b.addressed(b.register(Register.rcx)), b.relative(0), b.next);
  },
  rows: [row('e3 cb', r(rel8))],
});

export const syscall = instruction({
  mnemonic: 'syscall',
  feature: 'syscall',
  lift: (b) => {
    // Intel's processors know it in 64-bit mode alone; the vendor string says that this is one.
    if (b.mode === 32) {
      b.raise(6);
      return;
    }
    // RCX = RIP after, R11 = RFLAGS (SDM vol. 2, SYSCALL).
    const image = b.temporary();
    b.helper('flags-read', image);
    b.uop('mov.64', b.register(Register.rcx), b.codeAddress(b.next));
    b.uop('mov.64', b.register(11), image);
    b.exit(ExitStatus.SystemCall);
  },
  rows: [row('0f 05')],
});

export const int3 = instruction({ mnemonic: 'int3', lift: (b) => b.exit(ExitStatus.Breakpoint), rows: [row('cc')] });
export const int1 = instruction({ mnemonic: 'int1', lift: (b) => b.exit(ExitStatus.Exception, 1), rows: [row('f1')] });
export const int = instruction({
  mnemonic: 'int',
  lift: (b) => {
    const vector = b.immediate(0) & 0xff;
    // The gates of these two are open to user programs: they are the traps of INT3 and INTO.
    if (vector === 3) b.exit(ExitStatus.Breakpoint);
    else if (vector === 4) b.exit(ExitStatus.Exception, vector);
    else b.exit(ExitStatus.Interrupt, vector | (b.instruction.lengthInBytes << 8));
  },
  rows: [row('cd ib', r(imm8))],
});
export const ud = instruction({
  mnemonic: 'ud',
  suffixes: ['2', '1', '0'],
  lift: (b) => b.raise(6),
  rows: [row('0f 0b'), row('0f b9 /r'), row('0f ff /r')],
});
/** I/O and interrupt flag: #GP at CPL 3 with IOPL 0 (SDM vol. 3A, section 6.9). */
export const privileged = forbidden(
  ['hlt', 'f4'],
  ['cli', 'fa'],
  ['sti', 'fb'],
  ['in', 'e4 ib'],
  ['in', 'e5 ib'],
  ['out', 'e6 ib'],
  ['out', 'e7 ib'],
  ['in', 'ec'],
  ['in', 'ed'],
  ['out', 'ee'],
  ['out', 'ef'],
  ['ins', '6c'],
  ['ins', '6d'],
  ['outs', '6e'],
  ['outs', '6f'],
);
/** System instructions: #GP at CPL 3 (SDM vol. 3A, section 5.9). */
export const system = forbidden(
  ['clts', '0f 06'],
  ['sysret', 'm64only 0f 07'],
  ['invd', '0f 08'],
  ['wbinvd', '0f 09'],
  ['wbnoinvd', 'f3 0f 09'],
  ['wrmsr', '0f 30'],
  ['rdmsr', '0f 32'],
  ['rdpmc', '0f 33'],
  ['sysexit', '0f 35'],
  ['swapgs', 'm64only 0f 01 rm=0 /7'],
  ['lldt', '0f 00 /2'],
  ['ltr', '0f 00 /3'],
  ['lgdt', '0f 01 m /2'],
  ['lidt', '0f 01 m /3'],
  ['lmsw', '0f 01 /6'],
  ['invlpg', '0f 01 m /7'],
);

// Operands are decoded, for the length, and never touched.
function forbidden(...encodings: readonly (readonly [string, string])[]): InstructionFamily {
  return instruction({
    mnemonic: 'privileged',
    suffixes: encodings.map(([name]) => `.${name}`),
    lift: (b) => b.raise(13),
    rows: encodings.map(([, encoding]) => row(encoding, ...(encoding.endsWith('ib') ? [r(imm8)] : []))),
  });
}
