// Plan 9 a.out programs for tests, as a list of system calls that both machines get in their own code.

/** What a call passes: a constant (a bigint is a vlong), the address of a label, or the word at one. */
export type Argument = number | bigint | string | { readonly at: string };

/** A piece of a program. */
export type Step = (machine: Assembler) => readonly number[];

/** Addresses and word size while a program is assembled. */
export interface Assembler {
  readonly isWide: boolean;
  address(label: string): number;
}

/** Room for the arguments of a call and locals above them. */
const FRAME_BYTES = 0x100;

function little(value: number | bigint, bytes: number): number[] {
  const bits = BigInt.asUintN(bytes * 8, BigInt(value));
  return Array.from({ length: bytes }, (_, index) => Number((bits >> BigInt(index * 8)) & 255n));
}

/** A system call. Its result is in the first register. */
export function call(number: number, ...given: readonly Argument[]): Step {
  return (machine) => {
    const { isWide } = machine;
    const code: number[] = [];
    let slot = isWide ? 8 : 4;
    for (const argument of given) {
      for (const word of wordsOf(machine, argument)) {
        code.push(...word);
        // mov [sp+slot], ax
        code.push(...(isWide ? [0x48] : []), 0x89, 0x44, 0x24, slot);
        slot += isWide ? 8 : 4;
      }
    }
    if (isWide) return [...code, 0xbd, ...little(number, 4), 0x0f, 0x05];
    return [...code, 0xb8, ...little(number, 4), 0xcd, 0x40];
  };
}

/** Code that loads each word of an argument into the first register. */
function wordsOf(machine: Assembler, argument: Argument): number[][] {
  const { isWide } = machine;
  if (typeof argument === 'object') {
    const from = machine.address(argument.at);
    return [isWide ? [0x48, 0xa1, ...little(from, 8)] : [0xa1, ...little(from, 4)]];
  }
  const value = typeof argument === 'string' ? machine.address(argument) : argument;
  if (isWide) return [[0x48, 0xb8, ...little(value, 8)]];
  const words = typeof argument === 'bigint' ? [value, BigInt(value) >> 32n] : [value];
  return words.map((word) => [0xb8, ...little(word, 4)]);
}

/** Stores the result of the call before. */
export function save(label: string): Step {
  return ({ isWide, address }) =>
    isWide ? [0x48, 0xa3, ...little(address(label), 8)] : [0xa3, ...little(address(label), 4)];
}

/** Runs `steps` only when the result of the call before is zero: the child's part after rfork. They must not come to their end. */
export function whenZero(...steps: readonly Step[]): Step {
  return (machine) => {
    const body = steps.flatMap((step) => [...step(machine)]);
    // test eax, eax; jnz over it
    return [0x85, 0xc0, 0x0f, 0x85, ...little(body.length, 4), ...body];
  };
}

/** Stores a constant word at a label. */
export function put(label: string, value: number): Step {
  return (machine) => {
    const to = machine.address(label);
    if (machine.isWide) return [0x48, 0xb8, ...little(value, 8), 0x48, 0xa3, ...little(to, 8)];
    return [0xb8, ...little(value, 4), 0xa3, ...little(to, 4)];
  };
}

/** Stores a constant in a local of the stack, or copies that local to a label. */
export const local = {
  put:
    (value: number): Step =>
    () => [0xc7, 0x84, 0x24, ...little(FRAME_BYTES - 16, 4), ...little(value, 4)],
  /** mov eax, [sp+n], then to the label */
  copyTo:
    (label: string): Step =>
    (machine) => [...[0x8b, 0x84, 0x24, ...little(FRAME_BYTES - 16, 4)], ...save(label)(machine)],
};

/** In a note handler: stores its argument 0 (the registers) or 1 (the text) at a label. */
export function handlerArgument(index: 0 | 1, label: string): Step {
  return (machine) => {
    const offset = FRAME_BYTES + (index + 1) * (machine.isWide ? 8 : 4);
    return [...(machine.isWide ? [0x48] : []), 0x8b, 0x84, 0x24, ...little(offset, 4), ...save(label)(machine)];
  };
}

/** In a note handler: makes the registers at a label go on so many bytes further. */
export function skipCode(label: string, bytes: number): Step {
  return (machine) => {
    const [load] = wordsOf(machine, { at: label });
    // add dword [ax + offset of pc], bytes
    return [...load, 0x83, 0x80, ...little(machine.isWide ? 144 : 56, 4), bytes];
  };
}

/** Bytes as they are. */
export function code(...bytes: readonly number[]): Step {
  return () => bytes;
}

/** Loads what address 0 holds: a fault, two bytes long on both machines after clearing the register. */
export const readNil: Step = () => [0x31, 0xc9, 0x8b, 0x01];

/** A program: what it does, functions it names, and its data by label (bytes, text, or a number of zero bytes). */
export interface Plan9Source {
  readonly main: readonly Step[];
  readonly functions?: Readonly<Record<string, readonly Step[]>>;
  readonly data?: Readonly<Record<string, string | Uint8Array | number>>;
}

const MACHINES = {
  amd64: { magic: 0x8a97, headerBytes: 40, textAddress: 0x200000, alignment: 0x200000 },
  '386': { magic: 0x1eb, headerBytes: 32, textAddress: 0x1000, alignment: 0x1000 }, // not a page size: addresses of the file format
};

/** Assembles a program: labels name functions and data. Text gets a NUL; data is 16 bytes apart. */
export function plan9Program(name: keyof typeof MACHINES, source: Plan9Source): Uint8Array {
  const machine = MACHINES[name];
  const first = assemble(name, source, new Map());
  const text = machine.textAddress + machine.headerBytes + first.text.length;
  const labels = new Map(
    first.functions.map(([label, offset]) => [label, machine.textAddress + machine.headerBytes + offset]),
  );
  const dataStart = Math.ceil(text / machine.alignment) * machine.alignment;
  const data: number[] = [];
  for (const [label, value] of Object.entries(source.data ?? {})) {
    labels.set(label, dataStart + data.length);
    data.push(...bytesOf(value));
    while (data.length % 16 !== 0) data.push(0);
  }
  const { text: body } = assemble(name, source, labels);
  const entry = machine.textAddress + machine.headerBytes;
  const header = new DataView(new ArrayBuffer(machine.headerBytes));
  // Bss: a page, so that brk_ has something to move.
  [machine.magic, body.length, data.length, 8192, 0, entry, 0, 0].forEach((word, index) => {
    header.setUint32(index * 4, word);
  });
  if (name === 'amd64') header.setBigUint64(32, BigInt(entry));
  return Uint8Array.from([...new Uint8Array(header.buffer), ...body, ...data]);
}

function bytesOf(value: string | Uint8Array | number): number[] {
  if (typeof value === 'number') return new Array<number>(value).fill(0);
  return typeof value === 'string' ? [...new TextEncoder().encode(value), 0] : [...value];
}

function assemble(name: keyof typeof MACHINES, source: Plan9Source, labels: ReadonlyMap<string, number>) {
  const isWide = name === 'amd64';
  const machine: Assembler = {
    isWide,
    address: (label) => {
      const known = labels.get(label);
      if (known === undefined && labels.size > 0) throw new Error(`No label ${label}.`);
      return known ?? 0;
    },
  };
  // sub sp, FRAME_BYTES
  const enter = [...(isWide ? [0x48] : []), 0x81, 0xec, ...little(FRAME_BYTES, 4)];
  const text = [...enter, ...source.main.flatMap((step) => [...step(machine)])];
  const functions: [string, number][] = [];
  for (const [label, steps] of Object.entries(source.functions ?? {})) {
    functions.push([label, text.length]);
    text.push(...enter, ...steps.flatMap((step) => [...step(machine)]));
  }
  return { text, functions };
}
