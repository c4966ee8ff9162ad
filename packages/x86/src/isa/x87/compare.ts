// x87 comparisons. Intel SDM vol. 2: FCOM, FUCOM, FICOM, FCOMI, FUCOMI and their popping forms.
import { m16, m32, m64, sti } from '../../decode/operand-kinds.ts';
import { type InstructionFamily, instruction, r, row } from '../row.ts';
import { loadOperand, memoryFormat, request, stackIndex } from './forms.ts';

const QUIET = 8;

function registers(mnemonic: string, quiet: number, pops: number, ...encodings: string[]): InstructionFamily {
  return instruction({
    mnemonic,
    feature: 'fpu',
    lift: (b) => b.helper('x87-compare', request(b, stackIndex(b) | quiet | (pops << 4))),
    rows: encodings.map((encoding) => (encoding.includes('mod3') ? row(encoding, r(sti)) : row(encoding))),
  });
}

// DC D0, DC D8 and DE D0 are undocumented twins that every processor executes.
export const fcom = registers('fcom', 0, 0, 'd8 mod3 /2', 'dc mod3 /2');
export const fcomp = registers('fcomp', 0, 1, 'd8 mod3 /3', 'dc mod3 /3', 'de mod3 /2');
export const fcompp = registers('fcompp', 0, 2, 'de rm=1 /3');
export const fucom = registers('fucom', QUIET, 0, 'dd mod3 /4');
export const fucomp = registers('fucomp', QUIET, 1, 'dd mod3 /5');
export const fucompp = registers('fucompp', QUIET, 2, 'da rm=1 /5');

function memory(mnemonic: string, digit: number, pops: number): InstructionFamily {
  return instruction({
    mnemonic: 'f',
    suffixes: [mnemonic, mnemonic, `i${mnemonic}`, `i${mnemonic}`],
    feature: 'fpu',
    lift: (b) => {
      const { format, width } = memoryFormat(b);
      b.helper('x87-compare-memory', loadOperand(b, width), request(b, format | (pops << 4)));
    },
    rows: [row(`d8 m /${digit}`, r(m32)), row(`dc m /${digit}`, r(m64)), row(`da m /${digit}`, r(m32)), row(`de m /${digit}`, r(m16))],
  });
}
export const fcomMemory = memory('com', 2, 0);
export const fcompMemory = memory('comp', 3, 1);

function toFlags(mnemonic: string, quiet: number, pops: number, encoding: string): InstructionFamily {
  return instruction({
    mnemonic,
    flags: 'w:zpc 0:osa',
    feature: 'cmov',
    lift: (b) => b.helper('x87-compare-flags', request(b, stackIndex(b) | quiet | (pops << 4))),
    rows: [row(encoding, r(sti))],
  });
}
export const fcomi = toFlags('fcomi', 0, 0, 'db mod3 /6');
export const fcomip = toFlags('fcomip', 0, 1, 'df mod3 /6');
export const fucomi = toFlags('fucomi', QUIET, 0, 'db mod3 /5');
export const fucomip = toFlags('fucomip', QUIET, 1, 'df mod3 /5');
