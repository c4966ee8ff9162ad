// Operands as text: registers, immediates, jump targets and memory, in AT&T's syntax and in Intel's.
import { BASE_NONE, BASE_RIP, type Instruction } from '../decode/instruction.ts';
import { hexAddress, hexOfHalves, hexSignExtended, signedHex } from './number-text.ts';
import { type PrefixScan, Rex } from './prefix-scan.ts';
import { ATT_NAMES, INTEL_NAMES, type RegisterNames } from './register-names.ts';
import type { TextForm, TextOperand } from './text-form.ts';

const LABELS: Readonly<Record<number, string>> = {
  8: 'BYTE PTR ',
  16: 'WORD PTR ',
  32: 'DWORD PTR ',
  48: 'FWORD PTR ',
  64: 'QWORD PTR ',
  80: 'TBYTE PTR ',
  128: 'XMMWORD PTR ',
  256: 'YMMWORD PTR ',
};
/** Group 1 with a byte, PUSH and IMUL with a byte: sign-extended to the operand size. */
const SIGNED_BYTES: ReadonlySet<number> = new Set([0x83, 0x6a, 0x6b]);

const FAR_POINTER_16: TextOperand = { place: 'memory', width: 32, register: 0 };
const FAR_POINTER_32: TextOperand = { place: 'memory', width: 48, register: 0 };
/** Offsets of 16-bit code stay in the lowest 64 KiB. Not a page size. */
const OFFSET16 = 0xffff;

/** Prints the operands of one decoded instruction at a time. */
export class OperandText {
  readonly isAtt: boolean;
  readonly names: RegisterNames;
  /** Address that a rip-relative operand means; valid while `hasTarget`. */
  target = 0;
  hasTarget = false;
  private decoded!: Instruction;
  private scan!: PrefixScan;
  private readonly addressText: (address: number) => string;

  constructor(isAtt: boolean, addressText: (address: number) => string) {
    this.isAtt = isAtt;
    this.names = isAtt ? ATT_NAMES : INTEL_NAMES;
    this.addressText = addressText;
  }

  /** All operands in the syntax's order, with commas. */
  all(form: TextForm, decoded: Instruction, scan: PrefixScan, immediates: number): string {
    this.decoded = decoded;
    this.scan = scan;
    this.hasTarget = false;
    const { operands } = form;
    let slot = 0;
    let text = '';
    for (let index = 0; index < operands.length; index += 1) {
      const operand = operands[index];
      const { place } = operand;
      const isImmediate =
        place === 'immediate' || place === 'relative' || place === 'offset' || place === 'vectorImmediate';
      // The immediate of a pseudo-operation is in its name.
      if (isImmediate && slot >= immediates) continue;
      if (place === 'one' && this.isAtt) continue;
      let part = this.one(operand, form, slot);
      if (form.isGather && this.clashes(place)) part += '/(bad)';
      if (isImmediate) slot += 1;
      if (text === '') text = part;
      else text = this.isAtt && !form.keepsOrder ? `${part},${text}` : `${text},${part}`;
    }
    return text;
  }

  private one(operand: TextOperand, form: TextForm, slot: number): string {
    const { names, decoded, scan } = this;
    switch (operand.place) {
      case 'rm':
      case 'memory':
      case 'vsib':
      case 'wholeRm':
        if (decoded.mod !== 3) return this.indirect(form) + this.memory(operand);
        return (
          this.indirect(form) +
          this.general(operand.place === 'wholeRm' ? decoded.mode : this.width(operand), decoded.rm)
        );
      case 'address':
        return this.memory(operand);
      case 'reg':
        return this.general(this.width(operand), decoded.reg);
      case 'opcode':
        return this.general(this.width(operand), decoded.opcodeRegister);
      case 'vvvv':
        return this.general(this.width(operand), decoded.vvvv);
      case 'fixed':
        return this.general(this.width(operand), operand.register);
      case 'immediate':
        return this.immediate(operand, slot);
      case 'one':
        return '1';
      case 'relative': {
        const target = decoded.address + decoded.lengthInBytes + decoded.immediateLow[slot];
        if (decoded.mode === 64) return this.addressText(target);
        return this.addressText(operand.width !== 8 && decoded.operandSize === 16 ? target & OFFSET16 : target >>> 0);
      }
      case 'offset': {
        const [low, high] = [decoded.immediateLow[slot], decoded.immediateHigh[slot]];
        const address = decoded.addressSize === 16 ? (low & OFFSET16).toString(16) : hexOfHalves(low, high);
        return `${this.segmentPrefix(true)}0x${address}`;
      }
      case 'segment':
        return names.segments[decoded.reg & 7];
      case 'fixedSegment':
        return names.segments[operand.register];
      case 'farMemory':
        return this.indirect(form) + this.memory(scan.hasData() ? FAR_POINTER_16 : FAR_POINTER_32);
      case 'farAddress': {
        const offset = this.sized(decoded.immediateLow[0]);
        const selector = (decoded.immediateLow[1] & 0xffff).toString(16);
        return this.isAtt ? `$0x${selector},$0x${offset}` : `0x${selector}:0x${offset}`;
      }
      case 'control':
        return `${this.isAtt ? '%' : ''}cr${decoded.reg}`;
      case 'debug':
        return `${this.isAtt ? '%db' : 'dr'}${decoded.reg}`;
      case 'vector':
        return this.vector(operand, decoded.reg);
      case 'vectorRm':
        return decoded.mod === 3 ? this.vector(operand, decoded.rm) : this.memory(operand);
      case 'vectorVvvv':
        return this.vector(operand, decoded.vvvv);
      case 'vectorFixed':
        return this.vector(operand, operand.register);
      case 'vectorImmediate':
        return this.vector(operand, (decoded.immediateLow[slot] >> 4) & (decoded.mode === 64 ? 15 : 7));
      case 'mmx':
        return names.mmx[decoded.reg & 7];
      case 'mmxRm':
        return decoded.mod === 3 ? names.mmx[decoded.rm & 7] : this.memory(operand);
      case 'st':
        return names.stack[decoded.rm & 7];
      case 'stackTop':
        return names.stackTop;
      case 'bound':
        return names.bounds[decoded.reg];
      case 'boundRm':
        return decoded.mod === 3 ? names.bounds[decoded.rm] : this.memory(operand);
      case 'port':
        return this.isAtt ? '(%dx)' : 'dx';
      case 'table':
      case 'stringSource':
      case 'stringTarget': {
        scan.replace(scan.addressAt);
        // Also an override that 64-bit mode ignores is taken as read here.
        if (operand.place !== 'stringTarget') scan.replace(scan.segmentAt);
        const register =
          this.addressRegisters()[operand.place === 'table' ? 3 : operand.place === 'stringSource' ? 6 : 7];
        const segment = operand.place === 'stringTarget' ? `${names.segments[0]}:` : this.segmentPrefix(true, true);
        return this.isAtt ? `${segment}(${register})` : `${LABELS[this.width(operand)]}${segment}[${register}]`;
      }
    }
  }

  /** Destination, mask and index of a gather must be three registers. */
  private clashes(place: TextOperand['place']): boolean {
    const { reg, vvvv, index } = this.decoded;
    if (place === 'vsib') return reg === index || vvvv === index;
    return place === 'vector' ? reg === index || reg === vvvv : vvvv === index || vvvv === reg;
  }

  private indirect(form: TextForm): string {
    return form.isIndirect && this.isAtt ? '*' : '';
  }

  /** Width in bits of a register or of memory. */
  width(operand: TextOperand): number {
    const { decoded } = this;
    switch (operand.width) {
      case 'v':
        return decoded.operandSize;
      case 's':
        return decoded.operandSize;
      case 'pair':
        return 2 * decoded.operandSize;
      case 'z':
        return decoded.operandSize === 16 ? 16 : 32;
      case 'y':
        return decoded.rexW && decoded.mode === 64 ? 64 : 32;
      case 'x':
        return decoded.vectorLength === 1 ? 256 : 128;
      default:
        return operand.width;
    }
  }

  private general(width: number, number: number): string {
    const { names, decoded } = this;
    if (width === 32) return names.doublewords[number];
    if (width === 64) return names.quadwords[number];
    if (width === 16) return names.words[number];
    // Of the byte registers only four are other ones with REX.
    if ((number & 4) !== 0) this.scan.rexUsed |= Rex.Any;
    return decoded.hasRex ? names.bytes[number] : names.legacyBytes[number];
  }

  private vector(operand: TextOperand, number: number): string {
    return operand.width === 256 || (operand.width === 'x' && this.decoded.vectorLength === 1)
      ? this.names.ymm[number]
      : this.names.xmm[number];
  }

  private immediate(operand: TextOperand, slot: number): string {
    const { decoded, isAtt } = this;
    const low = decoded.immediateLow[slot];
    let text: string;
    if (operand.width === 8) {
      const isSigned = SIGNED_BYTES.has(decoded.opcode) && decoded.candidate.encoding.map === 0;
      text = isSigned ? this.sized(low) : (low & 0xff).toString(16);
    } else if (operand.width === 16) text = (low & 0xffff).toString(16);
    else if (operand.width === 'v' && decoded.operandSize === 64) text = hexOfHalves(low, decoded.immediateHigh[slot]);
    else text = this.sized(low);
    return isAtt ? `$0x${text}` : `0x${text}`;
  }

  /** A sign-extended immediate, cut to the operand size. */
  private sized(low: number): string {
    const { operandSize } = this.decoded;
    if (operandSize === 64) return hexSignExtended(low);
    return (operandSize === 16 ? low & 0xffff : low >>> 0).toString(16);
  }

  private addressRegisters(): readonly string[] {
    const { addressSize } = this.decoded;
    return addressSize === 64 ? this.names.quadwords : addressSize === 32 ? this.names.doublewords : this.names.words;
  }

  /** The segment override with a colon; `withDefault` names DS where there is none: always, or in Intel's syntax only. */
  private segmentPrefix(withDefault: boolean, inBoth = false): string {
    const { scan, names } = this;
    if (scan.count > 0 && scan.segment >= 0) {
      scan.replace(scan.segmentAt);
      return `${names.segments[scan.segment]}:`;
    }
    return withDefault && (inBoth || !this.isAtt) ? `${names.segments[3]}:` : '';
  }

  private memory(operand: TextOperand): string {
    const { decoded, scan, names, isAtt } = this;
    scan.rexUsed |= Rex.B;
    const label = isAtt || operand.place === 'address' ? '' : this.label(operand);
    scan.replace(scan.addressAt);
    if (decoded.addressSize === 16) return label + this.memory16();
    const { base, index, displacement, mod } = decoded;
    const isNarrow = decoded.addressSize === 32 && decoded.mode === 64;
    const registers = this.addressRegisters();
    if (base === BASE_RIP) {
      this.target = decoded.address + decoded.lengthInBytes + displacement;
      if (isNarrow) this.target %= 0x100000000;
      this.hasTarget = true;
      const counter = isNarrow ? names.eip : names.rip;
      if (isAtt) return `${this.segmentPrefix(false)}${signedHex(displacement)}(${counter})`;
      return `${label}${this.segmentPrefix(false)}[${counter}+0x${hexSignExtended(displacement)}]`;
    }
    const hasSib = (decoded.rm & 7) === 4;
    if (hasSib) scan.rexUsed |= Rex.X;
    const isAbsolute = base === BASE_NONE;
    let indexText = '';
    if (operand.place === 'vsib') indexText = this.vectorIndex(index);
    else if (index >= 0) indexText = registers[index];
    else if (
      hasSib &&
      (decoded.scale !== 0 || (isAbsolute && (isNarrow || decoded.mode === 32)) || (!isAbsolute && (base & 7) !== 4))
    )
      indexText = decoded.addressSize === 64 ? names.noIndex64 : names.noIndex32;
    if (isAbsolute && indexText === '') {
      const address = decoded.mode === 64 ? hexSignExtended(displacement) : (displacement >>> 0).toString(16);
      return `${label}${this.segmentPrefix(true)}0x${address}`;
    }
    const hasDisplacement = mod !== 0 || isAbsolute;
    // Without a base the displacement of a 32-bit address in 64-bit mode is unsigned.
    const isUnsigned = isAbsolute && isNarrow;
    const amount = hasDisplacement
      ? isUnsigned
        ? `0x${(displacement >>> 0).toString(16)}`
        : signedHex(displacement)
      : '';
    if (isAtt) {
      const inside = `${isAbsolute ? '' : registers[base]}${indexText === '' ? '' : `,${indexText},${1 << decoded.scale}`}`;
      return `${this.segmentPrefix(false)}${amount}(${inside})`;
    }
    let inside = isAbsolute ? '' : registers[base];
    if (indexText !== '') inside += `${isAbsolute ? '' : '+'}${indexText}*${1 << decoded.scale}`;
    if (hasDisplacement) inside += amount.startsWith('-') ? amount : `+${amount}`;
    return `${label}${this.segmentPrefix(false)}[${inside}]`;
  }

  private label(operand: TextOperand): string {
    // A cell of 16 bytes that is no vector.
    if (operand.width === 128 && operand.register === 1) return 'OWORD PTR ';
    if (operand.place === 'rm' && operand.register > 0) return LABELS[operand.register];
    return LABELS[this.width(operand)] ?? '';
  }

  private vectorIndex(index: number): string {
    const { decoded, names } = this;
    // Doubleword indices of quadword elements fill half a register.
    const isWide = decoded.vectorLength === 1 && !((decoded.opcode & 1) === 0 && decoded.candidate.encoding.rexW === 1);
    return (isWide ? names.ymm : names.xmm)[index];
  }

  private memory16(): string {
    const { decoded, names, isAtt } = this;
    const { base, index, displacement, mod } = decoded;
    const segment = this.segmentPrefix(base === BASE_NONE && index < 0);
    if (base === BASE_NONE && index < 0)
      return segment + (isAtt ? signedHex(displacement) : `0x${(displacement & OFFSET16).toString(16)}`);
    const registers = [base, index].filter((number) => number >= 0).map((number) => names.words[number]);
    const amount = mod === 0 ? '' : signedHex(displacement);
    if (isAtt) return `${segment}${amount}(${registers.join(',')})`;
    return `${segment}[${registers.join('+')}${amount === '' ? '' : amount.startsWith('-') ? amount : `+${amount}`}]`;
  }
}

/** An address without a symbol, as objdump writes it in a file without symbols. */
export function plainAddress(address: number): string {
  return `0x${hexAddress(address)}`;
}
