// One instruction to one line of text, as objdump 2.40 writes it.
import { DecodeResult, Decoder, MAXIMUM_LENGTH } from '../decode/decoder.ts';
import { createInstruction, type Instruction } from '../decode/instruction.ts';
import { buildOpcodeMap, type Candidate, type OpcodeMap, opcodeIndex } from '../decode/opcode-map.ts';
import { instructionFamilies } from '../isa/index.ts';
import { OperandText, plainAddress } from './operand-text.ts';
import { PrefixScan, Rex } from './prefix-scan.ts';
import { type TextForm, textForm } from './text-form.ts';
import { lengthWithoutRow } from './unknown-length.ts';
import type { Wording } from './wordings.ts';

/** Options of a disassembler. */
export interface DisassemblerOptions {
  /** Default `att`, as objdump's. */
  readonly syntax?: 'att' | 'intel';
  /** Default 64. */
  readonly mode?: 32 | 64;
  /** Text of a jump target or rip-relative address; by default hexadecimal with 0x. */
  readonly addressText?: (address: number) => string;
}

const WIDTH = 6;
const FWAIT = 0x9b;
const NOP = 0x90;
const BAD = '(bad)';
const LOCK = 0xf0;
/** A DS override. */
const WITHOUT_MEANING = 0x3e;
/** Moves to memory that may end a transaction of lock elision. */
const RELEASING_STORES: ReadonlySet<number> = new Set([0x88, 0x89, 0xc6, 0xc7]);
const MEMORY_LETTERS: Readonly<Record<number, string>> = { 8: 'b', 16: 'w', 32: 'l', 64: 'q' };
const FLOAT_LETTERS: Readonly<Record<number, string>> = { 32: 's', 64: 'l', 80: 't' };
const INTEGER_LETTERS: Readonly<Record<number, string>> = { 16: 's', 32: 'l', 64: 'll' };

/**
 * Turns bytes into text, one instruction at a time. Not reentrant: it keeps one decoded instruction.
 *
 * @example
 * ```ts
 * const disassembler = new Disassembler({ syntax: 'intel' });
 * disassembler.disassemble(Uint8Array.of(0x48, 0x89, 0xe5), 0, 3, 0x401000);   // 'mov    rbp,rsp'
 * disassembler.lengthInBytes;   // 3
 * ```
 */
export class Disassembler {
  /** Bytes that the last text stands for. */
  lengthInBytes = 0;
  /** Whether the last bytes are an encoding that no instruction row describes. */
  isUnknown = false;
  private readonly mode: 32 | 64;
  private readonly map: OpcodeMap;
  private readonly decoder: Decoder;
  private readonly decoded: Instruction = createInstruction();
  private readonly scan = new PrefixScan();
  private readonly operands: OperandText;
  private readonly forms = new Map<Candidate, TextForm>();
  private readonly variants = new Map<Wording, TextForm>();
  private readonly addressText: (address: number) => string;

  constructor({ syntax = 'att', mode = 64, addressText = plainAddress }: DisassemblerOptions = {}) {
    this.mode = mode;
    this.map = buildOpcodeMap(instructionFamilies, mode);
    this.decoder = new Decoder(this.map, mode);
    this.operands = new OperandText(syntax === 'att', addressText);
    this.addressText = addressText;
  }

  /**
   * The text of the instruction at `bytes[start]`, whose address is `address`; bytes from `end` on do not exist.
   * Bytes that are no instruction give `(bad)`, cut-off ones `.byte`.
   */
  disassemble(bytes: Uint8Array, start: number, end: number, address: number): string {
    const { scan, decoded } = this;
    this.isUnknown = false;
    scan.hasWait = false;
    let first = start;
    if (bytes[start] === FWAIT) {
      const opcodeAt = scan.read(bytes, start + 1, end, this.mode);
      if (opcodeAt >= end || bytes[opcodeAt] < 0xd8 || bytes[opcodeAt] > 0xdf) return this.only('fwait', 1);
      scan.hasWait = true;
      first = start + 1;
    }
    const opcodeAt = scan.read(bytes, first, end, this.mode);
    // FWAIT is an instruction; REX does not reach what follows it.
    if (scan.rex !== 0 && bytes[opcodeAt] === FWAIT) scan.isBroken = true;
    if (scan.isBroken) return this.only(this.prefixesAlone(), opcodeAt - start);
    const result = this.decoder.decode(bytes, first, end, address + (first - start), decoded);
    if (result === DecodeResult.Truncated) return this.truncated(bytes, start);
    if (
      result !== DecodeResult.Ok &&
      !(scan.hasLock() && this.decodeUnlocked(bytes, first, end, address + (first - start)))
    )
      return this.unknown(bytes, start, opcodeAt, end);
    this.lengthInBytes = decoded.lengthInBytes + (first - start);
    return this.print(this.formOf(decoded));
  }

  /** LOCK where it is not allowed is still text: the same bytes with a prefix instead that changes nothing. */
  private decodeUnlocked(bytes: Uint8Array, start: number, end: number, address: number): boolean {
    // Not slice(), which shares memory when the bytes are a Buffer.
    const copy = Uint8Array.from(bytes.subarray(start, Math.min(end, start + MAXIMUM_LENGTH)));
    for (let at = 0; at < this.scan.count; at += 1) if (copy[at] === LOCK) copy[at] = WITHOUT_MEANING;
    return this.decoder.decode(copy, 0, copy.length, address, this.decoded) === DecodeResult.Ok;
  }

  private formOf(decoded: Instruction): TextForm {
    const { candidate } = decoded;
    let form = this.forms.get(candidate);
    if (form === undefined) {
      form = textForm(candidate);
      this.forms.set(candidate, form);
    }
    const wording = form.variant?.(decoded, this.scan);
    if (wording === undefined) return form;
    let variant = this.variants.get(wording);
    if (variant === undefined) {
      variant = textForm(candidate, wording);
      this.variants.set(wording, variant);
    }
    return variant;
  }

  private print(form: TextForm): string {
    const { decoded, scan, operands } = this;
    const { isAtt } = operands;
    if (scan.count > 0) this.consumePrefixes(form);
    let name = form.rule === undefined ? (isAtt ? form.att : form.intel) : form.rule(decoded, scan, isAtt);
    let immediates = 2;
    if (form.pseudo !== undefined) {
      const special = form.pseudo[decoded.immediateLow[0] & 0xff];
      if (special !== undefined) {
        name = special;
        immediates = 0;
      }
    }
    if (form.suffix !== 'none') name += this.suffix(form, isAtt);
    if (form.takesHint) name += this.branchHint(isAtt);
    const text = operands.all(form, decoded, scan, immediates);
    if (scan.count > 0) name = scan.text() + name;
    if (text === '') return name;
    const line = `${name.length < WIDTH ? name.padEnd(WIDTH) : name} ${text}`;
    return operands.hasTarget ? `${line}        # ${this.addressText(operands.target)}` : line;
  }

  /** Takes out the prefixes that are part of the encoding, and gives others their name in front of this instruction. */
  private consumePrefixes(form: TextForm): void {
    const { decoded, scan } = this;
    const { encoding } = decoded.candidate;
    if (encoding.prefix === 'f3' && !encoding.vex) scan.replace(scan.repzAt);
    else if (encoding.prefix === 'f2' && !encoding.vex && encoding.map > 0) scan.replace(scan.repnzAt);
    else this.renameRepeats(form);
    const readsData =
      form.readsData === 'always' ||
      (form.readsData === 'intel' && (!this.operands.isAtt || decoded.mod === 3)) ||
      (encoding.map === 0 && decoded.opcode === NOP);
    const isWide = (scan.rex & Rex.W) !== 0;
    if (!form.isWordInMemory || decoded.mod === 3) {
      if (form.usesWide) scan.rexUsed |= Rex.W;
      if (form.usesData && (encoding.prefix === '66' || !isWide || readsData)) scan.replace(scan.dataAt);
    }
    if (this.mode === 32 && form.isRelative && form.operands[0].width !== 8) scan.replace(scan.dataAt);
    const { rexFields } = form;
    if (rexFields & Rex.R) scan.rexUsed |= Rex.R;
    if (rexFields & Rex.B && (decoded.mod === 3 || encoding.registerInOpcode)) scan.rexUsed |= Rex.B;
    if (decoded.candidate.mnemonic === 'jrcxz') scan.replace(scan.addressAt);
  }

  private renameRepeats(form: TextForm): void {
    const { decoded, scan } = this;
    if (form.isStringInstruction) {
      if (scan.hasRepz() && !/^(cmps|scas)$/.test(decoded.candidate.mnemonic)) scan.replace(scan.repzAt, 'rep');
      return;
    }
    if (form.isBranch) {
      if (scan.hasRepnz()) scan.replace(scan.repnzAt, 'bnd');
      if (form.isIndirect && scan.endsWithDs()) {
        scan.replace(scan.segmentAt, 'notrack');
        scan.segment = -1;
      }
      return;
    }
    const { family, mnemonic, encoding, row } = decoded.candidate;
    if (decoded.mod === 3 || encoding.map > 1) return;
    const isStore = mnemonic === 'mov' && RELEASING_STORES.has(encoding.opcode);
    const isLocked = family.lockable === true && scan.hasLock() && row.operands[0].kind.place !== 'reg';
    const isElision = mnemonic === 'xchg' || isLocked;
    if (!isElision && !isStore) return;
    if (scan.hasRepz()) scan.replace(scan.repzAt, 'xrelease');
    if (scan.hasRepnz() && isElision) scan.replace(scan.repnzAt, 'xacquire');
  }

  private branchHint(isAtt: boolean): string {
    const { scan } = this;
    const hint = isAtt ? scan.branchHint() : undefined;
    if (hint === undefined) return '';
    scan.replace(scan.segmentAt);
    return `,${hint}`;
  }

  private suffix(form: TextForm, isAtt: boolean): string {
    const { decoded, scan } = this;
    switch (form.suffix) {
      case 'memory':
        return isAtt && decoded.mod !== 3 ? MEMORY_LETTERS[operandWidth(decoded, form, 0)] : '';
      case 'conversion':
        if (this.mode === 32) return '';
        return isAtt && decoded.mod !== 3 ? MEMORY_LETTERS[operandWidth(decoded, form, form.operands.length - 1)] : '';
      case 'always':
        return isAtt && decoded.mod !== 3 ? MEMORY_LETTERS[operandWidth(decoded, form, form.operands.length - 1)] : '';
      case 'stack': {
        const [operand] = form.operands;
        const isSized =
          operand !== undefined &&
          operand.place !== 'immediate' &&
          operand.place !== 'fixedSegment' &&
          operand.place !== 'relative' &&
          (!isAtt || operand.place === 'opcode' || (decoded.mod === 3 && operand.place !== 'farAddress'));
        // In 64-bit mode the prefix does not shorten a near jump, whatever AMD's processors do (SDM vol. 2, JMP).
        const isNear = operand?.place === 'relative' && (form.isConditional || this.mode === 64 || operand.width === 8);
        return scan.hasData() && decoded.operandSize === 16 && !isNear && !isSized ? 'w' : '';
      }
      case 'far':
        return isAtt && scan.hasData() ? 'w' : '';
      case 'float':
        return isAtt ? FLOAT_LETTERS[operandWidth(decoded, form, 0)] : '';
      case 'integer':
        return isAtt ? INTEGER_LETTERS[operandWidth(decoded, form, 0)] : '';
      case 'vector':
        return isAtt && decoded.mod !== 3 ? (decoded.vectorLength === 1 ? 'y' : 'x') : '';
      case 'image':
        return scan.hasData() ? (isAtt ? 's' : 'w') : '';
      default:
        return '';
    }
  }

  private only(text: string, length: number): string {
    this.lengthInBytes = length;
    return text;
  }

  private prefixesAlone(): string {
    return this.scan.text().trimEnd();
  }

  /** The bytes end inside the instruction: the first one alone. */
  private truncated(bytes: Uint8Array, start: number): string {
    const scan = new PrefixScan();
    scan.read(bytes, start, start + 1, this.mode);
    return this.only(scan.count > 0 ? scan.text().trimEnd() : `.byte 0x${bytes[start].toString(16)}`, 1);
  }

  private unknown(bytes: Uint8Array, start: number, opcodeAt: number, end: number): string {
    this.isUnknown = true;
    const length = lengthWithoutRow(bytes, opcodeAt, end, this.mode) + (opcodeAt - start);
    // Where a mandatory prefix chooses among encodings, prefixes are part of what is wrong, as REX is in front of VEX.
    if (this.isChosenByPrefix(bytes, opcodeAt)) return this.only(BAD, length);
    this.scan.rexUsed = 0;
    return this.only(this.scan.text() + BAD, length);
  }

  private isChosenByPrefix(bytes: Uint8Array, at: number): boolean {
    const first = bytes[at];
    if (first === 0xc4) return (bytes[at + 1] & 31) >= 1 && (bytes[at + 1] & 31) <= 3;
    if (first === 0xc5 || first === 0x62) return true;
    if (first !== 0x0f) return false;
    const second = bytes[at + 1];
    const isLonger = second === 0x38 || second === 0x3a;
    const index = isLonger ? opcodeIndex(second === 0x38 ? 2 : 3, bytes[at + 2], false) : opcodeIndex(1, second, false);
    const list = this.map[index];
    return list !== undefined && list[0].encoding.prefix !== 'any';
  }
}

function operandWidth(decoded: Instruction, form: TextForm, index: number): number {
  const { width } = form.operands[index];
  if (typeof width === 'number') return width;
  if (width === 'y') return decoded.rexW ? 64 : 32;
  return decoded.operandSize;
}
