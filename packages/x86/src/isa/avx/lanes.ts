// VEX forms of SSE instructions: the SSE row's lift works on each 128-bit lane of copies, so that there is one meaning of both.
import { type OperandKind, vxmm, vymm, xm128, xmm, ym, ymm } from '../../decode/operand-kinds.ts';
import type { Cell, Lifter } from '../../lift/lifter.ts';
import { type InstructionFamily, instruction, type Operand, type Row, r, row } from '../row.ts';

/** How the VEX forms of a family differ from the rule. */
export interface VexForm {
  /** `any`: VEX.L chooses the length. `low`: 128 bits only. `ignored`: scalars, VEX.L does not matter. Chosen from the operands when absent. */
  readonly length?: 'any' | 'low' | 'ignored';
  /** The feature with which the 256-bit form came, of `length: 'any'`: this is that form alone. */
  readonly wideFeature?: string;
  /** What the immediate of the upper lane is; the same when absent. */
  readonly upperImmediate?: (immediate: number) => number;
  /** The result is in this vector register, which no operand names: its upper half becomes zero. */
  readonly implicitResult?: number;
}

const isVector = ({ kind }: Operand) => kind.place === 'vector' || kind.place === 'vectorRm';
const isMmxRow = ({ operands }: Row) => operands.some(({ kind }) => kind.place.startsWith('mmx'));
/** The first operand keeps part of what it held, which VEX takes from the register in vvvv. */
const merges = ({ operands }: Row) => operands[0].access === 'rw' && operands[0].kind === xmm;

function lengthOf(sse: Row, form: VexForm): 'any' | 'low' | 'ignored' {
  if (form.length !== undefined) return form.length;
  const narrow = sse.operands.some(({ kind }) => kind.place === 'vectorRm' && kind.width !== 128);
  return narrow ? 'ignored' : sse.operands.filter(isVector).length >= 2 ? 'any' : 'low';
}

/** The operand of the VEX row: whole registers follow VEX.L where the length is free. */
function vexKind(kind: OperandKind, length: 'any' | 'low' | 'ignored'): OperandKind {
  if (length !== 'any') return kind;
  return kind === xmm ? ymm : kind === xm128 ? ym : kind;
}

function vexRow(sse: Row, form: VexForm): Row {
  const length = lengthOf(sse, form);
  const operands = sse.operands.map(({ kind, access }) => ({ kind: vexKind(kind, length), access }));
  if (merges(sse)) {
    operands[0] = { kind: operands[0].kind, access: 'w' };
    operands.splice(1, 0, r(length === 'any' ? vymm : vxmm));
  }
  const prefix = length === 'low' ? 'vex.l0' : form.wideFeature === undefined ? 'vex' : 'vex.l1';
  return row(`${prefix} ${sse.encoding.text}`, ...operands);
}

function lift(b: Lifter, family: InstructionFamily, sse: Row, position: number, form: VexForm): void {
  const length = lengthOf(sse, form);
  const extra = merges(sse) ? 1 : 0;
  // Everything that can fault comes first; integer operands are read by the SSE lift itself.
  const sources = sse.operands.map((operand, index): Cell | undefined => (index > 0 && isVector(operand) ? b.readLanes(index + extra) : undefined));
  const writesVector = isVector(sse.operands[0]) && sse.operands[0].access !== 'r';
  const results: Cell[] = [];
  for (let lane = 0; lane < (length === 'any' ? b.lanes : 1); lane += 1) {
    const cells = sources.map((cell) => (cell === undefined ? undefined : cell + 16 * lane));
    if (writesVector) {
      cells[0] = b.vectorTemporary();
      if (extra === 1) b.uop('mov.128', cells[0], b.registerOperand(1) + 16 * lane);
      results.push(cells[0]);
    }
    const immediate = sse.operands.findIndex(({ kind }) => kind.place === 'immediate');
    const value = immediate >= 0 && lane === 1 && form.upperImmediate ? form.upperImmediate(b.immediate(immediate + extra)) : undefined;
    b.through({ row: sse, position, cells, immediate: value }, family.lift);
  }
  if (writesVector) b.writeLanes(0, results);
  if (form.implicitResult !== undefined) b.uop('vzero', b.vectorRegister(form.implicitResult) + 16);
}

/** Features that AVX does not imply. */
const ENCRYPTING: ReadonlySet<string> = new Set(['aes', 'pclmulqdq']);

/** The VEX forms of an SSE family's XMM rows. */
export function vexForm(family: InstructionFamily, form: VexForm = {}): InstructionFamily {
  const chosen = family.rows.flatMap((sse, position) => (isMmxRow(sse) ? [] : [{ sse, position }]));
  return instruction({
    mnemonic: `v${family.mnemonic}`,
    suffixes: family.suffixes && chosen.map(({ position }) => family.suffixes?.[position] ?? ''),
    feature: form.wideFeature ?? (ENCRYPTING.has(String(family.feature)) ? `${family.feature}+avx` : 'avx'),
    flags: family.flags,
    lift: (b) => {
      const { sse, position } = chosen[b.position];
      lift(b, family, sse, position, form);
    },
    rows: chosen.map(({ sse }) => vexRow(sse, form)),
  });
}

/** Several families at once. */
export function vexForms(families: readonly InstructionFamily[], form: VexForm = {}): InstructionFamily[] {
  return families.map((family) => vexForm(family, form));
}
