// Programs of a handful of instructions, and what each of them would do in an address space: the fate of crafted images without a CPU.
import { Access, type AddressSpace, FaultCause } from '@elf/mm';
import { guestPageAddress, guestPageOffset } from '@elf/pagesize';
import type { ExecOutcome } from '../../exec-request.ts';

const SIGBUS = 7;
const SIGSEGV = 11;

/** What a tiny program does before it exits with the sum of the bytes it read. */
export type Deed =
  | { readonly reads: number | bigint }
  | { readonly writes: number | bigint }
  /** Puts a `ret` below the stack pointer and calls it. */
  | { readonly runs: 'stack' };

/** One instruction: its bytes up to the operand, the operand's length, and what it does. */
interface Instruction {
  readonly bytes: readonly number[];
  readonly operandBytes: number;
  readonly run: (machine: TinyMachine, operand: number) => string | undefined;
}

interface InstructionSet {
  readonly clear: Instruction;
  readonly point: Instruction;
  readonly load: Instruction;
  readonly add: Instruction;
  readonly store: Instruction;
  readonly putReturn: Instruction;
  readonly pointAtStack: Instruction;
  readonly call: Instruction;
  readonly number: Instruction;
  readonly exit: Instruction;
}

const RETURN = 0xc3;
/** Where the deed `runs: 'stack'` puts its code, below the stack pointer. */
const STACK_CODE = -16;

// biome-ignore format: one row per instruction
function instructionSet(wide: boolean): InstructionSet {
  const rex = wide ? [0x48] : [];
  return {
    clear:        { bytes: [0x31, wide ? 0xff : 0xdb],             operandBytes: 0,            run: () => undefined },
    point:        { bytes: [...rex, 0xb8],                         operandBytes: wide ? 8 : 4, run: (machine, value) => machine.point(value) },
    load:         { bytes: [0x0f, 0xb6, 0x08],                     operandBytes: 0,            run: (machine) => machine.load() },
    add:          { bytes: [0x01, wide ? 0xcf : 0xcb],             operandBytes: 0,            run: (machine) => machine.add() },
    store:        { bytes: [0xc6, 0x00],                           operandBytes: 1,            run: (machine, value) => machine.store(value) },
    putReturn:    { bytes: [0xc6, 0x44, 0x24, 0x100 + STACK_CODE], operandBytes: 1,            run: (machine, value) => machine.pushCode(value) },
    pointAtStack: { bytes: [...rex, 0x8d, 0x44, 0x24, 0x100 + STACK_CODE], operandBytes: 0,    run: (machine) => machine.pointAtStack() },
    call:         { bytes: [0xff, 0xd0],                           operandBytes: 0,            run: (machine) => machine.call() },
    number:       { bytes: [0xb8],                                 operandBytes: 4,            run: (machine, value) => machine.point(value) },
    exit:         { bytes: wide ? [0x0f, 0x05] : [0xcd, 0x80],     operandBytes: 0,            run: (machine) => machine.exit() },
  };
}

const encode = ({ bytes, operandBytes }: Instruction, operand: number | bigint = 0) => [
  ...bytes,
  ...littleEndian(BigInt(operand), operandBytes),
];

/** Machine code of a program that performs the deeds and exits. */
export function tinyProgram(bits: 32 | 64, ...deeds: readonly Deed[]): Uint8Array {
  const set = instructionSet(bits === 64);
  const code = deeds.map((deed) => {
    if ('reads' in deed) return [...encode(set.point, deed.reads), ...encode(set.load), ...encode(set.add)];
    if ('writes' in deed) return [...encode(set.point, deed.writes), ...encode(set.store, 7)];
    return [...encode(set.putReturn, RETURN), ...encode(set.pointAtStack), ...encode(set.call)];
  });
  const exitNumber = bits === 64 ? 60 : 1;
  return Uint8Array.from([
    ...encode(set.clear),
    ...code.flat(),
    ...encode(set.number, exitNumber),
    ...encode(set.exit),
  ]);
}

function littleEndian(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt(index * 8)) & 0xffn));
}

/** The end of a started image as the runner words it: "errno N", "signal N" or "exit N". */
export function fate(outcome: ExecOutcome): string {
  if (!outcome.ok) return outcome.afterPointOfNoReturn ? `signal ${SIGSEGV}` : `errno ${outcome.errno}`;
  const { space, entry, stackPointer, abi } = outcome;
  return new TinyMachine(space, entry, stackPointer, abi !== 'i386').run();
}

/** Thrown inside the machine when an access faults; holds the signal. */
class Fault extends Error {
  readonly signal: number;

  constructor(signal: number) {
    super(`signal ${signal}`);
    this.signal = signal;
  }
}

class TinyMachine {
  readonly #space: AddressSpace;
  readonly #instructions: readonly Instruction[];
  readonly #stackPointer: number;
  #ip: number;
  #pointer = 0;
  #byte = 0;
  #sum = 0;

  constructor(space: AddressSpace, entry: number, stackPointer: number, wide: boolean) {
    this.#space = space;
    this.#ip = entry;
    this.#stackPointer = stackPointer;
    this.#instructions = Object.values(instructionSet(wide));
  }

  run(): string {
    try {
      for (;;) {
        const { operandBytes, run } = this.#decode();
        const end = run(this, this.#number(operandBytes));
        if (end !== undefined) return end;
      }
    } catch (error) {
      if (error instanceof Fault) return `signal ${error.signal}`;
      throw error;
    }
  }

  point(value: number): undefined {
    this.#pointer = value;
  }

  load(): undefined {
    this.#byte = this.#space.memory.u8[this.#at(this.#pointer, Access.Read)];
  }

  add(): undefined {
    this.#sum += this.#byte;
  }

  store(value: number): undefined {
    this.#space.memory.u8[this.#at(this.#pointer, Access.Write)] = value;
  }

  pushCode(value: number): undefined {
    this.#space.memory.u8[this.#at(this.#stackPointer + STACK_CODE, Access.Write)] = value;
  }

  pointAtStack(): undefined {
    this.#pointer = this.#stackPointer + STACK_CODE;
  }

  /** What is called is a `ret`: only whether it can be fetched matters. */
  call(): undefined {
    this.#at(this.#pointer, Access.Execute);
  }

  exit(): string {
    return `exit ${this.#sum & 0xff}`;
  }

  /** The instruction at the instruction pointer, which moves to its operand. */
  #decode(): Instruction {
    const start = this.#ip;
    let candidates = this.#instructions;
    for (let index = 0; ; index++) {
      const byte = this.#fetch();
      // Zeros are no code of ours: `add [rax], al` with rax 0.
      if (index === 0 && byte === 0) throw new Fault(SIGSEGV);
      candidates = candidates.filter(({ bytes }) => bytes[index] === byte);
      if (candidates.length === 0) throw new Error(`the bytes at 0x${start.toString(16)} are no tiny program`);
      if (candidates.every(({ bytes }) => bytes.length === index + 1)) return candidates[0];
    }
  }

  /** An operand, little-endian. */
  #number(count: number): number {
    let value = 0;
    for (let index = 0; index < count; index++) value += this.#fetch() * 256 ** index;
    return value;
  }

  #fetch(): number {
    return this.#space.memory.u8[this.#at(this.#ip++, Access.Execute)];
  }

  /** Host offset of a byte, or the fault. */
  #at(address: number, access: Access): number {
    const frame = this.#space.resolve(guestPageAddress(address), access);
    if (frame < 0) throw new Fault(frame === -FaultCause.BusError ? SIGBUS : SIGSEGV);
    return frame + guestPageOffset(address);
  }
}
