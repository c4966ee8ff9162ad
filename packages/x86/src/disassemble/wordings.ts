// table: where objdump's words for an instruction differ from the row's mnemonic, or where it writes operands that the row leaves to its lift.
import type { Instruction } from '../decode/instruction.ts';
import type { Candidate } from '../decode/opcode-map.ts';
import type { PrefixScan } from './prefix-scan.ts';
import type { NameRule, SuffixRule, TextOperand, TextPlace } from './text-form.ts';

/** What the table says about one instruction; what is absent follows from the row. */
export interface Wording {
  /** The name in AT&T's syntax, and in Intel's unless `intel` is there. */
  readonly att?: string;
  readonly intel?: string;
  readonly rule?: NameRule;
  /** Other words for some of the row's instructions; asked for each. */
  readonly variant?: VariantRule;
  readonly suffix?: SuffixRule;
  readonly operands?: readonly TextOperand[];
  readonly pseudo?: readonly string[];
  readonly isIndirect?: boolean;
  readonly keepsOrder?: boolean;
  /** Its memory has 16 bits whatever the prefixes say. */
  readonly isWordInMemory?: boolean;
  /** The operand-size prefix counts as read even where REX.W overrules it, in one syntax or in both. */
  readonly readsData?: 'always' | 'intel';
  /** What makes the operand size that is in the name: 66, REX.W or both. */
  readonly sizedBy?: 'both' | 'data' | 'wide';
}

/** Says how an instruction is written when it is not as its row says. */
export type VariantRule = (decoded: Instruction, scan: PrefixScan) => Wording | undefined;

const o = (place: TextPlace, width: TextOperand['width'] = 0, register = 0): TextOperand => ({
  place,
  width,
  register,
});
const LETTERS: Readonly<Record<number, string>> = { 8: 'b', 16: 'w', 32: 'l', 64: 'q' };

/** Names by operand size 16, 32 and 64. */
const sized =
  (att: readonly string[], intel: readonly string[] = att): NameRule =>
  ({ operandSize }, _, isAtt) =>
    (isAtt ? att : intel)[operandSize === 16 ? 0 : operandSize === 32 ? 1 : 2];

/** AT&T writes both sizes of an extension. */
const extension =
  (stem: string): NameRule =>
  ({ candidate, operandSize }, _, isAtt) =>
    isAtt
      ? stem.replace('x', '') + LETTERS[candidate.row.operands[1].kind.width as number] + LETTERS[operandSize]
      : stem;

/** AT&T writes the size of string instructions whose operands are both memory. */
const stringName =
  (stem: string, largest: number): NameRule =>
  ({ candidate, operandSize }, _, isAtt) =>
    isAtt ? stem + LETTERS[candidate.encoding.opcode & 1 ? Math.min(operandSize, largest) : 8] : stem;

const addressNamed =
  (names: Readonly<Record<number, string>>): NameRule =>
  ({ addressSize }) =>
    names[addressSize];

const loop =
  (name: string): NameRule =>
  ({ addressSize, mode }, scan, isAtt) => {
    if (addressSize === mode || !isAtt) return name;
    scan.replace(scan.addressAt);
    return name + (addressSize === 32 ? 'l' : 'w');
  };

const string = (opcode: number) => (opcode & 1 ? 'v' : 8) as TextOperand['width'];
const accumulator = (opcode: number) => o('fixed', string(opcode), 0);
/** Port instructions have no 64-bit form. */
const portAccumulator = (opcode: number) => o('fixed', opcode & 1 ? 'z' : 8, 0);

const COMPARISONS = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'];
const MORE_COMPARISONS = ['eq_uq', 'nge', 'ngt', 'false', 'neq_oq', 'ge', 'gt', 'true'];
const OTHER_SIGNALLING = [
  'eq_os',
  'lt_oq',
  'le_oq',
  'unord_s',
  'neq_us',
  'nlt_uq',
  'nle_uq',
  'ord_s',
  'eq_us',
  'nge_uq',
  'ngt_uq',
  'false_os',
  'neq_os',
  'ge_oq',
  'gt_oq',
  'true_us',
];
const VEX_COMPARISONS = [...COMPARISONS, ...MORE_COMPARISONS, ...OTHER_SIGNALLING];

/** The name without its last operand: cmpps and predicate 0 make cmpeqps. */
function comparison({ mnemonic, row }: Candidate): Wording {
  const stem = mnemonic.startsWith('v') ? 'vcmp' : 'cmp';
  const type = mnemonic.slice(stem.length);
  const list = stem === 'cmp' ? COMPARISONS : VEX_COMPARISONS;
  return { pseudo: list.map((predicate) => stem + predicate + type), operands: row.operands.map(({ kind }) => kind) };
}

function carryless({ mnemonic }: Candidate): Wording {
  const stem = mnemonic.replace('qdq', '');
  const names: string[] = [];
  for (const [immediate, halves] of [
    [0x00, 'lql'],
    [0x01, 'hql'],
    [0x02, 'lqh'],
    [0x03, 'hqh'],
    [0x10, 'lqh'],
    [0x11, 'hqh'],
  ] as const)
    names[immediate] = `${stem}${halves}qdq`;
  return { pseudo: names };
}

/** x87 with memory: sizes are letters in AT&T's syntax. */
function x87Memory({ mnemonic, row }: Candidate): Wording {
  if (/^(fldenv|fnstenv|fnsave|frstor)$/.test(mnemonic))
    return { ...waiting(mnemonic), suffix: 'image', sizedBy: 'data', readsData: 'always' };
  if (/^(fldcw|fnstcw|fnstsw|fbld|fbstp)$/.test(mnemonic)) return waiting(mnemonic);
  return { suffix: mnemonic.startsWith('fi') ? 'integer' : 'float', operands: row.operands.map(({ kind }) => kind) };
}

/** FWAIT in front of an instruction whose name begins with fn is part of it. */
function waiting(mnemonic: string): Wording {
  return mnemonic.startsWith('fn') && mnemonic !== 'fnop'
    ? { rule: (_, scan) => (scan.hasWait ? mnemonic.replace('fn', 'f') : mnemonic) }
    : {};
}

const STACK_TOP = o('stackTop');
const STACK_REGISTER = o('st', 80);
/** Subtractions and divisions that leave their result in another register than the top have swapped names in AT&T's syntax. */
const SWAPPED: Readonly<Record<string, string>> = {
  fsub: 'fsubr',
  fsubr: 'fsub',
  fsubp: 'fsubrp',
  fsubrp: 'fsubp',
  fdiv: 'fdivr',
  fdivr: 'fdiv',
  fdivp: 'fdivrp',
  fdivrp: 'fdivp',
};

function x87Registers({ mnemonic, encoding }: Candidate): Wording {
  const { opcode } = encoding;
  if (opcode === 0xd8 && !mnemonic.startsWith('fcom')) return { operands: [STACK_TOP, STACK_REGISTER] };
  if ((opcode === 0xdc || opcode === 0xde) && !mnemonic.startsWith('fcom'))
    return { att: SWAPPED[mnemonic] ?? mnemonic, intel: mnemonic, operands: [STACK_REGISTER, STACK_TOP] };
  if (/^f(cmov|u?comip?$)/.test(mnemonic) && (opcode === 0xda || opcode === 0xdb || opcode === 0xdf))
    return { operands: [STACK_TOP, STACK_REGISTER] };
  return {};
}

const IGNORED_X87: Readonly<Record<string, string>> = {
  fneni: 'fneni(8087 only)',
  fndisi: 'fndisi(8087 only)',
  fnsetpm: 'fnsetpm(287 only)',
};

const PREFETCHES = ['prefetchnta', 'prefetcht0', 'prefetcht1', 'prefetcht2'];
const AMD_PREFETCHES = ['prefetch', 'prefetchw', 'prefetchwt1'];

const named = (att: string, ...operands: TextOperand[]): Wording => ({ att, operands, suffix: 'none' });
/** 66 90 has the older name. */
const EXCHANGE16 = named('xchg', o('fixed', 16, 0), o('fixed', 16, 0));
const EXCHANGE64: Wording = { ...named('xchg', o('fixed', 64, 0), o('fixed', 64, 0)), sizedBy: 'both' };
const ENDBR64 = named('endbr64');
const ENDBR32 = named('endbr32');
const SHADOW_STACK: Wording = {
  rule: ({ rexW }) => (rexW ? 'rdsspq' : 'rdsspd'),
  operands: [o('rm', 'y')],
  suffix: 'none',
};

/** Where hint space has a name for what stands there. */
function hint(decoded: Instruction, scan: PrefixScan): Wording | undefined {
  const { opcode, mod, reg, rm } = decoded;
  const digit = reg & 7;
  if (opcode === 0x1e) {
    if (mod !== 3 || !scan.hasRepz()) return undefined;
    const wording =
      digit === 1
        ? SHADOW_STACK
        : digit === 7 && (rm & 7) === 2
          ? ENDBR64
          : digit === 7 && (rm & 7) === 3
            ? ENDBR32
            : undefined;
    if (wording !== undefined) scan.replace(scan.repzAt);
    return wording;
  }
  if (opcode === 0x1a || opcode === 0x1b) return bounds(opcode, mod, scan);
  if (mod === 3) return undefined;
  if (opcode === 0x18 && digit < 4) return named(PREFETCHES[digit], o('memory', 8));
  if (opcode === 0x0d) return named(AMD_PREFETCHES[digit] ?? 'prefetch', o('memory', 8));
  const isPlain = !scan.hasData() && !scan.hasRepz() && !scan.hasRepnz();
  return opcode === 0x1c && digit === 0 && isPlain ? named('cldemote', o('memory', 8)) : undefined;
}

/** MPX. */
function bounds(opcode: number, mod: number, scan: PrefixScan): Wording | undefined {
  const [bound, rm] = [o('bound'), o('boundRm')];
  const isLoad = opcode === 0x1a;
  if (scan.hasRepz()) {
    if (!isLoad && mod === 3) return undefined;
    scan.replace(scan.repzAt);
    return isLoad ? named('bndcl', bound, o('wholeRm')) : named('bndmk', bound, o('address'));
  }
  if (scan.hasRepnz()) {
    scan.replace(scan.repnzAt);
    return named(isLoad ? 'bndcu' : 'bndcn', bound, o('wholeRm'));
  }
  if (scan.hasData()) {
    scan.replace(scan.dataAt);
    return isLoad ? named('bndmov', bound, rm) : named('bndmov', rm, bound);
  }
  if (mod === 3) return undefined;
  return isLoad ? named('bndldx', bound, o('address')) : named('bndstx', o('address'), bound);
}

const shift = (width: TextOperand['width']): readonly TextOperand[] => [o('rm', width), o('one', 8)];

/** The operand-size prefix chooses among encodings, so that it counts as read even where REX.W overrules it. */
const CHOSEN_BY_DATA: Wording = { readsData: 'always' };

/** String comparisons whose lengths are in rax and rdx with REX.W, in eax and edx without. */
function explicitLength({ mnemonic }: Candidate): Wording {
  return { rule: ({ rexW, mode }) => (rexW && mode === 64 ? `${mnemonic}q` : mnemonic), sizedBy: 'wide' };
}

/** By mnemonic. */
const BY_NAME: Readonly<Record<string, Wording | ((candidate: Candidate) => Wording)>> = {
  cbw: { rule: sized(['cbtw', 'cwtl', 'cltq'], ['cbw', 'cwde', 'cdqe']), sizedBy: 'both' },
  cwd: { rule: sized(['cwtd', 'cltd', 'cqto'], ['cwd', 'cdq', 'cqo']), sizedBy: 'both' },
  movzx: { rule: extension('movzx') },
  movsx: { rule: extension('movsx') },
  movsxd: {
    rule: ({ operandSize }, _, isAtt) => (isAtt && operandSize === 64 ? 'movslq' : 'movsxd'),
    readsData: 'intel',
  },
  movs: ({ encoding: { opcode } }) => ({
    rule: stringName('movs', 64),
    operands: [o('stringTarget', string(opcode)), o('stringSource', string(opcode))],
  }),
  cmps: ({ encoding: { opcode } }) => ({
    rule: stringName('cmps', 64),
    operands: [o('stringSource', string(opcode)), o('stringTarget', string(opcode))],
  }),
  stos: ({ encoding: { opcode } }) => ({ operands: [o('stringTarget', string(opcode)), accumulator(opcode)] }),
  lods: ({ encoding: { opcode } }) => ({ operands: [accumulator(opcode), o('stringSource', string(opcode))] }),
  scas: ({ encoding: { opcode } }) => ({ operands: [accumulator(opcode), o('stringTarget', string(opcode))] }),
  'privileged.ins': ({ encoding: { opcode } }) => ({
    rule: stringName('ins', 32),
    operands: [o('stringTarget', opcode & 1 ? 'z' : 8), o('port')],
  }),
  'privileged.outs': ({ encoding: { opcode } }) => ({
    rule: stringName('outs', 32),
    operands: [o('port'), o('stringSource', opcode & 1 ? 'z' : 8)],
  }),
  'privileged.in': ({ encoding: { opcode } }) => ({
    operands: [portAccumulator(opcode), opcode < 0xe8 ? o('immediate', 8) : o('port')],
  }),
  'privileged.out': ({ encoding: { opcode } }) => ({
    operands: [opcode < 0xe8 ? o('immediate', 8) : o('port'), portAccumulator(opcode)],
  }),
  'privileged.sysret': { rule: ({ rexW }, _, isAtt) => `sysret${rexW ? 'q' : isAtt ? 'l' : 'd'}`, sizedBy: 'wide' },
  'privileged.sysexit': {
    rule: ({ rexW, mode }, _, isAtt) => (mode === 32 ? 'sysexit' : `sysexit${rexW ? 'q' : isAtt ? 'l' : 'd'}`),
    sizedBy: 'wide',
  },
  'privileged.lldt': { operands: [o('rm', 16)], suffix: 'none' },
  'privileged.ltr': { operands: [o('rm', 16)], suffix: 'none' },
  'privileged.lmsw': { operands: [o('rm', 16)], suffix: 'none' },
  'privileged.lgdt': tableRegister,
  'privileged.lidt': tableRegister,
  sgdt: tableRegister,
  sidt: tableRegister,
  sldt: { operands: [o('rm', 'v', 16)], suffix: 'none', isWordInMemory: true },
  str: { operands: [o('rm', 'v', 16)], suffix: 'none', isWordInMemory: true },
  smsw: { operands: [o('rm', 'v', 16)], suffix: 'none', isWordInMemory: true },
  'privileged.invlpg': { operands: [o('memory', 8)] },
  xlat: { operands: [o('table', 8)] },
  jrcxz: { rule: addressNamed({ 16: 'jcxz', 32: 'jecxz', 64: 'jrcxz' }) },
  loop: { rule: loop('loop') },
  loope: { rule: loop('loope') },
  loopne: { rule: loop('loopne') },
  call: transfer,
  jmp: transfer,
  enter: { keepsOrder: true },
  ud1: { operands: [o('reg', 'v'), o('rm', 'v')] },
  ud0: { operands: [o('reg', 'v'), o('rm', 'v')] },
  sal: { att: 'shl' },
  crc32: { suffix: 'always' },
  cvtsi2sd: { suffix: 'conversion' },
  cvtsi2ss: { suffix: 'conversion' },
  vcvtsi2sd: { suffix: 'conversion' },
  vcvtsi2ss: { suffix: 'conversion' },
  cmpxchg16b: { operands: [o('memory', 128, 1)] },
  pclmulqdq: carryless,
  vpclmulqdq: carryless,
  pmovmskb: narrowByRex,
  vpmovmskb: narrowByRex,
  movmskps: narrowByRex,
  movmskpd: narrowByRex,
  vmovmskps: narrowByRex,
  vmovmskpd: narrowByRex,
  pcmpestri: explicitLength,
  pcmpestrm: explicitLength,
  vpcmpestri: explicitLength,
  vpcmpestrm: explicitLength,
  movbe: CHOSEN_BY_DATA,
  bsf: CHOSEN_BY_DATA,
  bsr: CHOSEN_BY_DATA,
  rdrand: CHOSEN_BY_DATA,
  rdseed: CHOSEN_BY_DATA,
  vcvtpd2dq: { suffix: 'vector' },
  vcvttpd2dq: { suffix: 'vector' },
  vcvtpd2ps: { suffix: 'vector' },
  lddqu: { operands: [o('vector', 128), o('address')] },
  vlddqu: { operands: [o('vector', 'x'), o('address')] },
  vgatherqps: narrowGather,
  vpgatherqd: narrowGather,
  lss: farPointer,
  lfs: farPointer,
  lgs: farPointer,
  les: farPointer,
  lds: farPointer,
  iret: { rule: sized(['iretw', 'iret', 'iretq']), sizedBy: 'both' },
  retf: { rule: sized(['lretw', 'lret', 'lretq'], ['retfw', 'retf', 'retfq']), sizedBy: 'both' },
  lar: { operands: [o('reg', 'v'), o('rm', 'v', 16)] },
  lsl: { operands: [o('reg', 'v'), o('rm', 'v', 16)] },
  verr: { suffix: 'none' },
  verw: { suffix: 'none' },
  arpl: { suffix: 'none' },
  bound: { operands: [o('reg', 'v'), o('memory', 'pair')], keepsOrder: true },
  pusha: { rule: sized(['pushaw', 'pusha', 'pusha']), sizedBy: 'both' },
  popa: { rule: sized(['popaw', 'popa', 'popa']), sizedBy: 'both' },
};

/** A general register that is 64 bits wide with REX.W. */
function narrowByRex({ row }: Candidate): Wording {
  return { operands: row.operands.map(({ kind }) => (kind.place === 'reg' ? o('reg', 'y') : kind)) };
}

/** Quadword indices of doubleword elements: half as many elements fit. */
function narrowGather({ row }: Candidate): Wording {
  return { operands: row.operands.map(({ kind }) => (kind.place === 'vsib' ? kind : { ...kind, width: 128 })) };
}

/** Six bytes of pointer, four with 16-bit offsets. */
function farPointer(): Wording {
  return { operands: [o('reg', 'v'), o('farMemory')], readsData: 'intel' };
}

/** In 32-bit mode the name tells whether the table's address has 24 or 32 bits. */
function tableRegister({ mnemonic }: Candidate): Wording {
  const name = mnemonic.replace('privileged.', '');
  const rule: NameRule = ({ mode, operandSize }, scan, isAtt) => {
    if (mode === 64) return name;
    scan.replace(scan.dataAt);
    return name + (operandSize === 16 ? 'w' : isAtt ? 'l' : 'd');
  };
  return { rule, operands: [o('address')] };
}

/** Control registers have opcodes 20 and 22, debug registers 21 and 23; the second of each writes them. */
function systemRegister(opcode: number): Wording {
  const special = o(opcode & 1 ? 'debug' : 'control');
  return { att: 'mov', operands: opcode & 2 ? [special, o('wholeRm')] : [o('wholeRm'), special], suffix: 'none' };
}

function transfer({ mnemonic, encoding, family }: Candidate): Wording {
  if (family.default64 === true) return { isIndirect: encoding.hasModrm };
  const far = { att: `l${mnemonic}`, intel: mnemonic };
  return encoding.hasModrm
    ? { ...far, operands: [o('farMemory')], isIndirect: true, sizedBy: 'data', readsData: 'always', suffix: 'far' }
    : { ...far, operands: [o('farAddress', 'z')], suffix: 'stack' };
}

/** The segment register is in the opcode. */
function stackSegment({ encoding, row }: Candidate): Wording {
  if (row.operands.length > 0) return {};
  return { operands: [o('fixedSegment', 16, (encoding.opcode >> 3) & 7)] };
}

/** Rows whose memory operand is narrower than the register one. */
const NARROW_MEMORY: Readonly<Record<string, TextOperand['width']>> = { pinsrw: 16, vpinsrw: 16 };

const COMPARISON = /^v?cmp[ps][sd]$/;

/** The table's words for a row. */
export function wordingOf(candidate: Candidate): Wording {
  const { mnemonic, encoding, row } = candidate;
  if (COMPARISON.test(mnemonic) && encoding.map === 1) return comparison(candidate);
  if (encoding.map === 0 && encoding.opcode >= 0xd8 && encoding.opcode <= 0xdf) return x87(candidate);
  if (mnemonic.startsWith('set') && encoding.map === 1) return { suffix: 'none' };
  if (mnemonic in NARROW_MEMORY)
    return {
      operands: row.operands.map(({ kind }) =>
        kind.place === 'rm' ? o('rm', kind.width, NARROW_MEMORY[mnemonic] as number) : kind,
      ),
    };
  if (encoding.map === 1 && (encoding.opcode & 0xfc) === 0x20 && !encoding.vex) return systemRegister(encoding.opcode);
  if (mnemonic === 'nop') return nop(candidate);
  if (mnemonic === 'mov' && encoding.map === 0) return mov(candidate);
  if (mnemonic === 'push' || mnemonic === 'pop') return stackSegment(candidate);
  if (encoding.map === 0 && (encoding.opcode & 0xfe) === 0xd0)
    return { ...(mnemonic === 'sal' ? { att: 'shl' } : {}), operands: shift(encoding.opcode & 1 ? 'v' : 8) };
  const entry = Object.hasOwn(BY_NAME, mnemonic) ? BY_NAME[mnemonic] : undefined;
  if (entry === undefined) return {};
  return typeof entry === 'function' ? entry(candidate) : entry;
}

function x87(candidate: Candidate): Wording {
  const { mnemonic, encoding } = candidate;
  if (mnemonic in IGNORED_X87) return { att: IGNORED_X87[mnemonic] };
  if (encoding.mod === 'memory') return x87Memory(candidate);
  return encoding.rm >= 0 ? waiting(mnemonic) : x87Registers(candidate);
}

function nop({ encoding }: Candidate): Wording {
  if (encoding.map === 0)
    return encoding.prefix === '66' ? { ...EXCHANGE16, variant: ({ rexW }) => (rexW ? EXCHANGE64 : undefined) } : {};
  return encoding.opcode === 0x1f ? {} : { variant: hint };
}

/** A 64-bit immediate or address in the instruction makes it movabs; moves from segment registers have a width of their own. */
function mov({ encoding, row }: Candidate): Wording {
  const { opcode } = encoding;
  if (opcode >= 0xa0 && opcode <= 0xa3)
    return { rule: ({ addressSize, mode }) => (mode === 64 && addressSize === 64 ? 'movabs' : 'mov') };
  if (opcode >= 0xb8 && opcode <= 0xbf) return { rule: ({ operandSize }) => (operandSize === 64 ? 'movabs' : 'mov') };
  if (opcode === 0x8c || opcode === 0x8e)
    return {
      operands: row.operands.map(({ kind }) => (kind.place === 'rm' ? o('rm', 'v', 16) : kind)),
      suffix: 'none',
      isWordInMemory: true,
    };
  return {};
}
