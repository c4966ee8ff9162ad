// Flags, identification, hints and fences. Intel SDM vol. 2: CLC, STC, CMC, CLD, STD, LAHF, SAHF, CPUID, RDTSC, NOP, PAUSE, fences, RDFSBASE family.
import { m8, rmv, rmy } from '../../decode/operand-kinds.ts';
import { Register } from '../../lift/lifter.ts';
import { DIRECTION, FS_BASE, GS_BASE } from '../../state/layout.ts';
import { type InstructionFamily, instruction, r, row, w } from '../row.ts';

export const clc = instruction({ mnemonic: 'clc', flags: 'w:c', lift: (b) => b.uop('flags.carry', b.constant(0)), rows: [row('f8')] });
export const stc = instruction({ mnemonic: 'stc', flags: 'w:c', lift: (b) => b.uop('flags.carry', b.constant(1)), rows: [row('f9')] });
export const cmc = instruction({ mnemonic: 'cmc', flags: 'r:c w:c', lift: (b) => b.uop('flags.carry', b.value('cond.ae')), rows: [row('f5')] });
export const cld = instruction({ mnemonic: 'cld', lift: (b) => b.uop('mov.64', b.stateCell(DIRECTION), b.constant(0)), rows: [row('fc')] });
export const std = instruction({ mnemonic: 'std', lift: (b) => b.uop('mov.64', b.stateCell(DIRECTION), b.constant(1)), rows: [row('fd')] });

/** The first 64-bit processors had them in 32-bit mode alone. */
const LAHF_FEATURE = ['', 'lahf'];
export const lahf = instruction({
  mnemonic: 'lahf',
  feature: LAHF_FEATURE,
  flags: 'r:szapc',
  lift: (b) => {
    b.uop('mov.8', b.register(Register.rax) + 1, b.value('flags.image'));
  },
  rows: [row('m32only 9f'), row('m64only 9f')],
});
export const sahf = instruction({
  mnemonic: 'sahf',
  feature: LAHF_FEATURE,
  flags: 'w:szapc',
  lift: (b) => b.helper('flags-write', b.value('zx.8', b.register(Register.rax) + 1), b.constant(0xd5)),
  rows: [row('m32only 9e'), row('m64only 9e')],
});

export const cpuid = instruction({ mnemonic: 'cpuid', lift: (b) => b.helper('cpuid'), rows: [row('0f a2')] });
export const rdtsc = instruction({ mnemonic: 'rdtsc', feature: 'tsc', lift: (b) => b.helper('rdtsc'), rows: [row('0f 31')] });
/** TSC_AUX, in which Linux keeps node and processor number. */
const PROCESSOR_NUMBER = 0;
export const rdtscp = instruction({
  mnemonic: 'rdtscp',
  feature: 'rdtscp',
  lift: (b) => {
    b.helper('rdtsc');
    b.uop('mov.64', b.register(Register.rcx), b.constant(PROCESSOR_NUMBER));
  },
  rows: [row('0f 01 rm=1 /7')],
});

/** 64 bits in 64-bit mode whatever the operand size. */
export const rdpid = instruction({
  mnemonic: 'rdpid',
  feature: 'rdpid',
  default64: true,
  lift: (b) => b.uop(b.mode === 64 ? 'mov.64' : 'mov.32', b.registerOperand(0), b.constant(PROCESSOR_NUMBER)),
  rows: [row('f3 0f c7 mod3 /7', w(rmv))],
});

// There is always a number: CF is 1, the other flags are 0.
function random(mnemonic: string, digit: 6 | 7): InstructionFamily {
  return instruction({
    mnemonic,
    feature: mnemonic,
    flags: 'w:c 0:oszap',
    lift: (b) => {
      if (b.instruction.repeat !== 0) {
        b.raise(6);
        return;
      }
      const bits = b.temporary();
      b.helper('random', bits);
      b.uop(`mov.${b.width(0)}`, b.registerOperand(0), bits);
      b.helper('flags-write', b.constant(1), b.constant(0x8d5));
    },
    rows: [row(`0f c7 mod3 /${digit}`, w(rmv))],
  });
}
export const rdrand = random('rdrand', 6);
export const rdseed = random('rdseed', 7);

const nothing = () => undefined;
/** No bit of CPUID announces it: it came with the Pentium Pro, as CMOV did. */
const MULTIBYTE_NOP = 'cmov';
export const nop = instruction({
  mnemonic: 'nop',
  feature: ['', '', '', MULTIBYTE_NOP, 'lm', 'lm'],
  lift: nothing,
  rows: [row('np rexb0 90'), row('66 rexb0 90'), row('f2 rexb0 90'), row('0f 1f /r', r(rmv)), row('0f 0d m /r', r(m8)), row('0f 0d mod3 /r', r(rmv))],
});
export const pause = instruction({ mnemonic: 'pause', lift: nothing, rows: [row('f3 90')] });
/** Reserved hint space: CET and MPX instructions fall in it and do nothing on a CPU without them (SDM vol. 2, appendix A, note 1B). */
export const hint = instruction({
  mnemonic: 'nop',
  feature: MULTIBYTE_NOP,
  lift: nothing,
  rows: ['18', '19', '1a', '1b', '1c', '1d', '1e'].map((opcode) => row(`0f ${opcode} /r`, r(rmv))),
});
export const fences = instruction({
  mnemonic: '',
  suffixes: ['lfence', 'mfence', 'sfence'],
  feature: ['sse2', 'sse2', 'sse'],
  lift: nothing,
  rows: [row('np 0f ae mod3 /5'), row('np 0f ae mod3 /6'), row('np 0f ae mod3 /7')],
});
/** Flushes nothing, but faults as a load of one byte does (SDM vol. 2, CLFLUSH). */
export const clflush = instruction({
  mnemonic: 'clflush',
  feature: 'clflush',
  lift: (b) => void b.load(8, 0),
  rows: [row('np 0f ae m /7', r(m8))],
});
export const clflushopt = instruction({ mnemonic: 'clflushopt', feature: 'clflushopt', lift: clflush.lift, rows: [row('66 0f ae m /7', r(m8))] });
export const clwb = instruction({ mnemonic: 'clwb', feature: 'clwb', lift: clflush.lift, rows: [row('66 0f ae m /6', r(m8))] });

function segmentBase(mnemonic: string, digit: number, offset: number, writes: boolean) {
  return instruction({
    mnemonic,
    feature: 'fsgsbase',
    lift: (b) => {
      const width = b.width(0);
      if (writes) {
        // #GP for a base that is not canonical (SDM vol. 2, WRFSBASE).
        const base = b.value(`zx.${width}`, b.read(0));
        b.uop('target.check', base);
        b.uop('mov.64', b.stateCell(offset), base);
      } else b.uop(`mov.${width}`, b.registerOperand(0), b.stateCell(offset));
    },
    rows: [row(`m64only f3 0f ae mod3 /${digit}`, writes ? r(rmy) : w(rmy))],
  });
}
export const rdfsbase = segmentBase('rdfsbase', 0, FS_BASE, false);
export const rdgsbase = segmentBase('rdgsbase', 1, GS_BASE, false);
export const wrfsbase = segmentBase('wrfsbase', 2, FS_BASE, true);
export const wrgsbase = segmentBase('wrgsbase', 3, GS_BASE, true);
