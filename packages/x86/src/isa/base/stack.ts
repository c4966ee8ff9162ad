// The stack. Intel SDM vol. 2: PUSH, POP, ENTER, LEAVE, PUSHF, POPF.
import { ExitStatus } from '../../engine/exit-status.ts';
import { imm8, imm16, immz, os, rms } from '../../decode/operand-kinds.ts';
import { Register } from '../../lift/lifter.ts';
import { instruction, r, row, w } from '../row.ts';

export const push = instruction({
  mnemonic: 'push',
  default64: true,
  lift: (b) => b.push(b.read(0), b.instruction.operandSize),
  rows: [row('50 +r', r(os)), row('ff /6', r(rms)), row('68 iz', r(immz)), row('6a ib', r(imm8))],
});

export const pop = instruction({
  mnemonic: 'pop',
  default64: true,
  lift: (b) => {
    const width = b.instruction.operandSize;
    if (!b.isMemory(0)) {
      b.pop(width, b.registerOperand(0));
      return;
    }
    // The address of a memory destination is formed with the stack pointer already moved; nothing changes if the store faults.
    const value = b.loadAt(width, b.register(Register.rsp), 0);
    const usesStackPointer = b.instruction.base === Register.rsp;
    b.store(width, 0, value, usesStackPointer ? width / 8 : 0);
    b.moveStack(width / 8);
  },
  rows: [row('58 +r', w(os)), row('8f /0', w(rms))],
});

export const leave = instruction({
  mnemonic: 'leave',
  default64: true,
  lift: (b) => {
    const width = b.instruction.operandSize;
    const rbp = b.register(Register.rbp);
    const saved = b.loadAt(width, rbp, 0);
    b.uop(b.mode === 64 ? 'lea.bd' : 'lea32.bd', b.register(Register.rsp), rbp, width / 8);
    b.uop(`mov.${width}`, rbp, saved);
  },
  rows: [row('c9')],
});

export const enter = instruction({
  mnemonic: 'enter',
  default64: true,
  lift: (b) => {
    const width = b.instruction.operandSize;
    const bytes = width / 8;
    const size = b.immediate(0) & 0xffff;
    const level = b.immediate(1) & 31;
    const rsp = b.register(Register.rsp);
    const rbp = b.register(Register.rbp);
    b.storeAt(width, rsp, -bytes, rbp);
    const frame = b.distant(rsp, -bytes);
    const [address, word] = [b.temporary(), b.temporary()];
    const move = b.mode === 64 ? 'lea.bd' : 'lea32.bd';
    for (let display = 1; display < level; display += 1) {
      b.uop(move, address, rbp, -bytes * display);
      b.loadAt(width, address, 0, word);
      b.uop(move, address, frame, -bytes * display);
      b.storeAt(width, address, 0, word);
    }
    if (level > 0) b.storeAt(width, frame, -bytes * level, frame);
    // The last word of the new frame must be writable too: hardware probes it.
    const top = b.distant(frame, -bytes * level - size);
    b.uop(`probe.${width}`, top, 0);
    b.uop('mov.64', rsp, top);
    b.uop(`mov.${width}`, rbp, frame);
  },
  rows: [row('c8 iw ib', r(imm16), r(imm8))],
});

export const pushf = instruction({
  mnemonic: 'pushf',
  default64: true,
  flags: 'r:oszapc',
  lift: (b) => {
    const image = b.temporary();
    b.helper('flags-read', image);
    // RF and VM are pushed as zero (SDM vol. 2, PUSHF).
    b.push(b.value('and.64', image, b.constant(0xfcffff)), b.instruction.operandSize);
  },
  rows: [row('9c')],
});

export const popf = instruction({
  mnemonic: 'popf',
  default64: true,
  flags: 'w:oszapc',
  lift: (b) => {
    const width = b.instruction.operandSize;
    const image = b.value('zx.64', b.pop(width));
    b.helper('flags-write', image, b.constant(width === 16 ? 0xffff : 0xffffff));
    // TF and AC change how the engine runs.
    b.exit(ExitStatus.FarTransfer);
  },
  rows: [row('9d')],
});
