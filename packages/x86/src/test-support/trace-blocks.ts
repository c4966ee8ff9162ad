// What the tracer asks about code: where a block ends and where it goes, and which flags it leaves undefined.
import { type Decoder, DecodeResult } from '../decode/decoder.ts';
import { createInstruction, type Instruction } from '../decode/instruction.ts';
import { featuresOfRow } from '../isa/row-features.ts';
import { CF, OF, STATUS_FLAGS } from '../state/flags.ts';
import { createDecoders } from './decoders.ts';
import { SHIFT, flagsIn, statedUndefined } from './undefined-flags.ts';

/** How a block ends: the numbers of `enum kind` in native/trace.c. */
const Kind = {
  Straight: 0,
  Jump: 1,
  Conditional: 2,
  Indirect: 3,
  Return: 4,
  Kernel: 5,
  Cpuid: 6,
  Rdtsc: 7,
  Rdtscp: 8,
  Xgetbv: 9,
  Random: 10,
  Xsave: 11,
  Step: 12,
} as const;

const SPECIAL: Readonly<Record<string, number>> = {
  syscall: Kind.Kernel,
  cpuid: Kind.Cpuid,
  rdtsc: Kind.Rdtsc,
  rdtscp: Kind.Rdtscp,
  xgetbv: Kind.Xgetbv,
  rdrand: Kind.Random,
  rdseed: Kind.Random,
};
/** Where control may go elsewhere, or faults for certain: the trap flag finds out. */
const LEAVES = /^(int|into|int1|int3|ud[012]|(call|jmp|ret)f|far|iret|sysenter|privileged|hlt|rdpid)/;
const XSAVE = /^(xsave|xrstor)/;
const VECTOR_FEATURE = /^(fpu|mmx|sse|ssse|avx|aes|sha|pclmulqdq|fma|f16c|fxsr|vaes|vpclmulqdq|gfni|xsave)/;
const TRANSCENDENTAL = /^(f2xm1|fsin|fcos|fsincos|fptan|fpatan|fyl2x|fyl2xp1)$/;
const LINUX_GATE = 0x80;
const ANSWER_BYTES = 40;
const LONGEST = 15;

/** A block as the tracer was told. */
export interface TracedBlock {
  readonly answer: Buffer;
  /** Flags that differ between processors after the block. */
  readonly undefinedFlags: number;
  /** The instructions that leave a flag undefined. */
  readonly looseInstructions: ReadonlySet<string>;
  /** There is an x87 instruction whose result the manual leaves one unit in the last place (SDM vol. 1, section 8.3.10). */
  readonly isTranscendental: boolean;
}

/** Finds blocks in code that is given as bytes. */
export class BlockFinder {
  private readonly decoders: Readonly<Record<32 | 64, Decoder>> = createDecoders();
  private readonly instruction = createInstruction();

  /**
   * The block at an address.
   * @param limit instructions at most
   */
  find(address: number, code: Uint8Array, mode: 32 | 64, limit: number): TracedBlock {
    const { instruction } = this;
    const looseInstructions = new Set<string>();
    let isTranscendental = false;
    let [at, last, count, undefinedFlags, vectors] = [0, 0, 0, 0, false];
    let kind: number = Kind.Straight;
    while (count < limit && kind === Kind.Straight) {
      const result = this.decoders[mode].decode(code, at, code.length, address + at, instruction);
      // What the window cuts off comes with the next block.
      if (result === DecodeResult.Truncated && count > 0) break;
      last = at;
      at += result === DecodeResult.Ok ? instruction.lengthInBytes : 1;
      count += 1;
      if (result !== DecodeResult.Ok) {
        kind = Kind.Step;
        break;
      }
      kind = kindOf(instruction);
      undefinedFlags = undefinedAfter(instruction, undefinedFlags);
      vectors ||= usesVectors(instruction);
      const { mnemonic, family } = instruction.candidate;
      if (SHIFT.test(mnemonic) || statedUndefined(family.flags) !== 0) looseInstructions.add(mnemonic);
      isTranscendental ||= TRANSCENDENTAL.test(mnemonic);
      if (code.length - at < LONGEST) break;
    }
    const answer = Buffer.alloc(ANSWER_BYTES);
    for (const [index, value] of [last, at - last, count, kind, vectors ? 1 : 0].entries())
      answer.writeUInt32LE(value, 4 * index);
    if (kind !== Kind.Step) describeTarget(answer, instruction, kind, address + at);
    return { answer, undefinedFlags, looseInstructions, isTranscendental };
  }
}

function kindOf({ candidate, immediateLow, mode }: Instruction): number {
  const { mnemonic, row } = candidate;
  if (mnemonic === 'int' && (immediateLow[0] & 0xff) === LINUX_GATE) return Kind.Kernel;
  if (mnemonic === 'syscall' && mode === 32) return Kind.Step;
  if (Object.hasOwn(SPECIAL, mnemonic)) return SPECIAL[mnemonic];
  if (XSAVE.test(mnemonic)) return Kind.Xsave;
  if (LEAVES.test(mnemonic)) return Kind.Step;
  if (mnemonic === 'ret') return Kind.Return;
  if (mnemonic === 'jmp' || mnemonic === 'call')
    return row.operands[0].kind.place === 'relative' ? Kind.Jump : Kind.Indirect;
  return row.operands.some((operand) => operand.kind.place === 'relative') ? Kind.Conditional : Kind.Straight;
}

function describeTarget(answer: Buffer, instruction: Instruction, kind: number, next: number): void {
  const { candidate, repeat, mode, mod, rm, base, index, scale, segment, displacement, operandSize, addressSize } =
    instruction;
  const width = mode === 64 ? 8 : operandSize / 8;
  if (kind === Kind.Jump || kind === Kind.Conditional) {
    const target = next + instruction.immediateLow[0];
    answer.writeBigUInt64LE(
      BigInt.asUintN(64, BigInt(mode === 64 ? target : operandSize === 16 ? target & 0xffff : target >>> 0)),
      24,
    );
  }
  answer.writeInt32LE(displacement, 20);
  const isRegister = mod === 3;
  const isRepeated = repeat !== 0 && candidate.family.repeatable === true;
  const fields = [
    isRegister ? rm : base,
    index,
    scale,
    segment,
    isRegister ? 1 : 0,
    width,
    addressSize === 32 ? 1 : 0,
    isRepeated ? 1 : 0,
  ];
  for (const [position, value] of fields.entries()) answer.writeInt8(value, 32 + position);
}

function usesVectors({ candidate }: Instruction): boolean {
  return featuresOfRow(candidate.family, candidate.position).some((feature) => VECTOR_FEATURE.test(feature));
}

// Undefined flags stay so until they are written. The count of a shift is not known here: what may be undefined counts.
function undefinedAfter({ candidate }: Instruction, before: number): number {
  const { flags } = candidate.family;
  const stated = statedUndefined(flags);
  if (SHIFT.test(candidate.mnemonic)) {
    const isDouble = /^sh[lr]d$/.test(candidate.mnemonic);
    return before | (isDouble ? STATUS_FLAGS : stated | OF | CF);
  }
  return (before & ~flagsIn(flags, /[w01]/)) | stated;
}
