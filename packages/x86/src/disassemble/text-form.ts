// How an instruction row is written: its names in both syntaxes, the size letter and the operands, derived once per row from encoding and operand kinds.
import type { Instruction } from '../decode/instruction.ts';
import type { Candidate } from '../decode/opcode-map.ts';
import type { OperandPlace, OperandWidth } from '../decode/operand-kinds.ts';
import type { PrefixScan } from './prefix-scan.ts';
import { type VariantRule, type Wording, wordingOf } from './wordings.ts';

/** Where a written operand comes from: the rows' places, and operands that encodings imply and assemblers spell out. */
export type TextPlace =
  | OperandPlace
  | 'stringSource' // ds:[rsi]
  | 'stringTarget' // es:[rdi]
  | 'port' // dx
  | 'table' // ds:[rbx], of XLAT
  | 'stackTop' // st
  | 'bound' // MPX register by ModRM.reg
  | 'boundRm' // MPX register or memory by ModRM.rm
  | 'fixedSegment'
  | 'farMemory' // offset and selector in memory
  | 'farAddress' // offset and selector as two immediates
  | 'control' // control register by ModRM.reg
  | 'debug' // debug register by ModRM.reg
  | 'wholeRm'; // general register of 64 bits by ModRM.rm, whatever the prefixes say

/** One written operand; widths 48 and 0 are memory of six bytes and memory without a size, `pair` is two operands of the operand size. */
export interface TextOperand {
  readonly place: TextPlace;
  readonly width: OperandWidth | 48 | 0 | 'pair';
  readonly register: number;
}

/** The letter that AT&T's syntax appends, and Intel's where objdump does so too. */
export type SuffixRule =
  | 'none'
  | 'memory' // size of the first operand when it is memory and no register tells the size
  | 'always' // size of the source when it is memory, although there is a register
  | 'conversion' // the same, in 64-bit mode, which has two sizes
  | 'stack' // w when an operand-size prefix makes a stack instruction 16-bit
  | 'far' // w for a pointer with 16-bit offset
  | 'float' // s, l, t
  | 'integer' // s, l, ll
  | 'vector' // x, y: size of the vector in memory that becomes an xmm register
  | 'image'; // x87 images of 16-bit code

/** A name that depends on the instruction at hand. */
export type NameRule = (decoded: Instruction, scan: PrefixScan, isAtt: boolean) => string;

/** How one row is written. */
export interface TextForm {
  readonly att: string;
  readonly intel: string;
  readonly rule: NameRule | undefined;
  readonly suffix: SuffixRule;
  readonly operands: readonly TextOperand[];
  /** An indirect jump or call: `*` in front of the operand in AT&T's syntax. */
  readonly isIndirect: boolean;
  /** Both syntaxes print the operands in the same order. */
  readonly keepsOrder: boolean;
  /** REX.W and the operand-size prefix mean something to it. */
  readonly usesWide: boolean;
  readonly usesData: boolean;
  /** Bits of REX that name registers here when ModRM has mod 3; memory always uses B, and X with a SIB byte. */
  readonly rexFields: number;
  readonly isWordInMemory: boolean;
  readonly readsData: 'always' | 'intel' | undefined;
  readonly isStringInstruction: boolean;
  /** A comparison or multiplication whose immediate is part of the name: names by immediate, for both syntaxes. */
  readonly pseudo: readonly string[] | undefined;
  readonly isGather: boolean;
  readonly isBranch: boolean;
  readonly isConditional: boolean;
  readonly isRelative: boolean;
  /** CS and DS overrides are branch hints. */
  readonly takesHint: boolean;
  readonly variant: VariantRule | undefined;
}

const REGISTER_PLACES: ReadonlySet<string> = new Set([
  'reg',
  'opcode',
  'vvvv',
  'segment',
  'vector',
  'mmx',
  'vectorVvvv',
  'bound',
  'control',
  'debug',
]);
const REX_R = 4;
const REX_B = 1;

/** Derives the form of a row. */
export function textForm(candidate: Candidate, wording: Wording = wordingOf(candidate)): TextForm {
  const { encoding, family, row, mnemonic } = candidate;
  const operands: readonly TextOperand[] = wording.operands ?? row.operands.map(({ kind }) => kind);
  const places = operands.map(({ place }) => place);
  const widths = operands.map(({ width }) => width);
  const name = mnemonic.replace(/^privileged\./, '');
  const usesVariable =
    widths.some((width) => width === 'v' || width === 'z' || width === 's') ||
    wording.sizedBy === 'both' ||
    wording.sizedBy === 'data';
  return {
    att: wording.att ?? name,
    intel: wording.intel ?? wording.att ?? name,
    rule: wording.rule,
    suffix: wording.suffix ?? suffixOf(candidate, operands),
    operands,
    isIndirect: wording.isIndirect === true,
    keepsOrder: wording.keepsOrder === true,
    usesWide:
      encoding.rexW >= 0 ||
      (family.default64 !== true &&
        (wording.sizedBy === 'both' ||
          wording.sizedBy === 'wide' ||
          widths.some((width) => width === 'v' || width === 'y'))),
    usesData: usesVariable || encoding.prefix === '66' || (family.default64 === true && !places.includes('relative')),
    rexFields: rexFields(places, encoding.registerInOpcode),
    readsData: wording.readsData,
    isWordInMemory: wording.isWordInMemory === true,
    isStringInstruction: places.includes('stringSource') || places.includes('stringTarget'),
    pseudo: wording.pseudo,
    isGather: places.includes('vsib'),
    isBranch: family.default64 === true && /^(j|call|ret)/.test(name) && name !== 'jrcxz',
    isRelative: places[0] === 'relative',
    takesHint: places[0] === 'relative' && /^(j|loop)/.test(name) && name !== 'jmp',
    isConditional: /^j/.test(name) && places[0] === 'relative' && name !== 'jmp',
    variant: wording.variant,
  };
}

function rexFields(places: readonly TextPlace[], registerInOpcode: boolean): number {
  let fields = registerInOpcode ? REX_B : 0;
  for (const place of places) {
    if (place === 'reg' || place === 'vector' || place === 'control' || place === 'debug') fields |= REX_R;
    if (place === 'rm' || place === 'vectorRm' || place === 'wholeRm') fields |= REX_B;
  }
  return fields;
}

function suffixOf({ encoding, family }: Candidate, operands: readonly TextOperand[]): SuffixRule {
  if (encoding.map === 0 && encoding.opcode >= 0xd8 && encoding.opcode <= 0xdf) return 'none';
  if (family.default64 === true) return 'stack';
  if (encoding.vex || operands[0]?.place !== 'rm') return 'none';
  return operands.some(({ place }) => REGISTER_PLACES.has(place)) ? 'none' : 'memory';
}
