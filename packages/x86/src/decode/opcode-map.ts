// Dense opcode maps built from the instruction rows: for each map and opcode, the rows that can match, most specific first.
import { encodingWith } from '../isa/row-features.ts';
import type { Encoding, InstructionFamily, Row } from '../isa/row.ts';

/** A row with everything the decoder and the lifter look up, resolved once. */
export interface Candidate {
  readonly family: InstructionFamily;
  readonly row: Row;
  readonly encoding: Encoding;
  /** The mnemonic with its condition. */
  readonly mnemonic: string;
  /** Position of the row in its family: the condition code of Jcc and the like. */
  readonly position: number;
  /** The index of the memory operand is a vector register. */
  readonly usesVsib: boolean;
  /** Its memory operand may lie anywhere, also while EFLAGS.AC is set. */
  readonly ignoresAlignment: boolean;
  /** VEX.vvvv names an operand. */
  readonly usesVvvv: boolean;
  /** Bit p is set when mandatory prefix class p (0 none, 1 66, 2 F3, 3 F2) is accepted. */
  readonly prefixMask: number;
}

/** Seven maps of 256 candidate lists: the four legacy ones, then 0F, 0F 38 and 0F 3A under VEX. */
export type OpcodeMap = readonly (readonly Candidate[] | undefined)[];

/** Gathers, masked moves and half-precision conversions raise no #AC (Sapphire Rapids). */
const IGNORES_ALIGNMENT = /^v(p?gather.*|p?maskmov(ps|pd|d|q)|cvtps2ph|cvtph2ps)$/;

const PREFIX_MASK = { any: 0xf, np: 1, '66': 2, f3: 4, f2: 8 } as const;

/** Index of a list in the map. */
export function opcodeIndex(map: number, opcode: number, vex: boolean): number {
  return (vex ? map + 3 : map) * 256 + opcode;
}

/**
 * Builds the maps of a mode, with the rows that a CPU with those CPUID features has (all rows by default); throws a TypeError when two
 * rows of equal precedence would match the same bytes.
 */
export function buildOpcodeMap(
  families: readonly InstructionFamily[],
  mode: 32 | 64 = 64,
  features?: ReadonlySet<string>,
): OpcodeMap {
  const lists: Candidate[][] = [];
  for (const family of families) {
    family.rows.forEach((row, position) => {
      const inMode = encodingIn(row, mode);
      if (inMode === undefined) return;
      const encoding = features === undefined ? inMode : encodingWith(features, family, position, inMode);
      if (encoding === undefined) return;
      const mnemonic = family.suffixes === undefined ? family.mnemonic : family.mnemonic + family.suffixes[position];
      const candidate: Candidate = {
        family,
        row,
        encoding,
        mnemonic,
        position,
        ignoresAlignment: IGNORES_ALIGNMENT.test(mnemonic),
        usesVsib: row.operands.some(({ kind }) => kind.place === 'vsib'),
        usesVvvv: row.operands.some(({ kind }) => kind.place === 'vvvv' || kind.place === 'vectorVvvv'),
        prefixMask: PREFIX_MASK[encoding.prefix],
      };
      for (let low = 0; low < (encoding.registerInOpcode ? 8 : 1); low += 1) {
        const index = opcodeIndex(encoding.map, encoding.opcode + low, encoding.vex);
        lists[index] ??= [];
        lists[index].push(candidate);
      }
    });
  }
  return lists.map((list) => {
    list.sort((left, right) => specificity(right.encoding) - specificity(left.encoding));
    for (let first = 0; first < list.length; first += 1) {
      const clash = list.slice(first + 1).find((other) => same(list[first].encoding, other.encoding));
      if (clash !== undefined)
        throw new TypeError(
          `${list[first].mnemonic} and ${clash.mnemonic} both claim the encoding ${clash.encoding.text}`,
        );
    }
    return list;
  });
}

/**
 * A row's encoding in a mode, undefined where it has none. Without REX the wide forms are out of reach; VEX.W, which would choose
 * between general registers of 32 and 64 bits, means nothing in 32-bit mode (SDM vol. 2, section 2.3.5.6).
 */
export function encodingIn({ encoding, operands }: Row, mode: 32 | 64): Encoding | undefined {
  if (encoding.modes !== undefined && encoding.modes !== String(mode)) return undefined;
  if (mode === 64 || encoding.rexW < 0) return encoding;
  if (!encoding.vex) return encoding.rexW === 1 ? undefined : encoding;
  if (!operands.some(({ kind }) => GENERAL_PLACES.has(kind.place) && kind.width !== 8 && kind.width !== 16))
    return encoding;
  return encoding.rexW === 1 ? undefined : { ...encoding, rexW: -1 };
}

const GENERAL_PLACES: ReadonlySet<string> = new Set(['rm', 'reg', 'vvvv', 'opcode']);

function specificity(encoding: Encoding): number {
  return (
    (encoding.prefix === 'any' ? 0 : 16) +
    (encoding.rm >= 0 ? 8 : 0) +
    (encoding.digit >= 0 ? 4 : 0) +
    (encoding.mod === 'any' ? 0 : 2) +
    (encoding.rexW >= 0 || encoding.rexB >= 0 || encoding.vexL >= 0 ? 1 : 0)
  );
}

function same(left: Encoding, right: Encoding): boolean {
  return (
    left.prefix === right.prefix &&
    left.digit === right.digit &&
    left.rm === right.rm &&
    left.mod === right.mod &&
    left.rexW === right.rexW &&
    left.vexL === right.vexL
  );
}
