/** Runs the records of native/x87-oracle.c through the whole CPU: loads, the instruction, FNSAVE, as the oracle does. */
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { createCpu } from '../cpu.ts';
import { X87_ENCODINGS } from './x87-encodings.ts';

const CODE = 0x400000;
const DATA = 0x600000;
/** Where things lie in the data page: ST(0), ST(1), control word, memory operand, FNSAVE image. */
const ST0 = 0x00;
const ST1 = 0x10;
const CONTROL = 0x20;
const IMAGE = 0x100;
const RDI = 7;
const PROGRAM_BYTES = 64;

const preparations = [0, 1, 2, 3, 4, 8];

// fninit; fld ... ; fldcw; [instruction]; fnsave. Loads are fld m80 [rdi + displacement - operand offset].
function program(instruction: readonly number[], preparation: number, operand: number): number[] {
  const load = (at: number) => [0xdb, 0x6f, (at - operand) & 0xff];
  const copies = preparation === 8 ? 7 : preparation >= 2 ? 1 : 0;
  const code = [0xdb, 0xe3];
  for (let count = 0; count < copies; count += 1) code.push(...load(ST1));
  if (preparation >= 1) code.push(...load(ST0));
  if (preparation === 3) code.push(0xdd, 0xc0);
  if (preparation === 4) code.push(0xdd, 0xc1);
  // fldcw, the instruction, fnsave [rdi + disp32], syscall.
  const image = IMAGE - operand;
  code.push(
    0xd9,
    0x6f,
    (CONTROL - operand) & 0xff,
    ...instruction,
    0xdd,
    0xb7,
    image & 0xff,
    image >> 8,
    0,
    0,
    0x0f,
    0x05,
  );
  return code;
}

/** A function that executes one record and writes the answer, in the oracle's layouts. */
export function createX87Machine(names: readonly string[]): (record: DataView, answer: DataView) => void {
  const memory = new GuestMemory();
  const space = new AddressSpace(memory);
  const user = new UserMemory(space);
  const codeBytes = names.length * preparations.length * PROGRAM_BYTES;
  const writable = Protection.Read | Protection.Write;
  space.map({ address: CODE, length: (codeBytes + 0xfff) & ~0xfff, protection: writable, fixed: 'replace' });
  space.map({ address: DATA, length: 0x2000, protection: writable, fixed: 'replace' });
  // The operand lies at 0x40, so that one byte of displacement reaches everything.
  const operand = 0x40;
  names.forEach((name, number) => {
    preparations.forEach((preparation, position) => {
      const at = CODE + (number * preparations.length + position) * PROGRAM_BYTES;
      user.write(at, Uint8Array.from(program(X87_ENCODINGS[name], preparation, operand)));
    });
  });
  space.protect(CODE, (codeBytes + 0xfff) & ~0xfff, Protection.Read | Protection.Execute);
  const cpu = createCpu(memory);
  cpu.attach(space);
  const data = new Uint8Array(0x60);
  return (record, answer) => {
    const bytes = new Uint8Array(record.buffer, record.byteOffset, record.byteLength);
    data.set(bytes.subarray(4, 14), ST0);
    data.set(bytes.subarray(14, 24), ST1);
    data.set(bytes.subarray(2, 4), CONTROL);
    data.set(bytes.subarray(24, 34), operand);
    user.write(DATA, data);
    cpu.rip =
      CODE + (record.getUint8(0) * preparations.length + preparations.indexOf(record.getUint8(1))) * PROGRAM_BYTES;
    cpu.flags = 0x2d7;
    cpu.setRegister(RDI, BigInt(DATA + operand));
    const exit = cpu.run(100);
    if (exit.kind !== 'system-call') throw new Error(`${names[record.getUint8(0)]} left with ${JSON.stringify(exit)}`);
    const image = user.read(DATA + IMAGE, 108) as Uint8Array;
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    answer.setUint16(0, view.getUint16(4, true), true);
    answer.setUint16(2, view.getUint16(8, true), true);
    answer.setUint16(4, cpu.flags & 0xd7, true);
    const target = new Uint8Array(answer.buffer, answer.byteOffset, answer.byteLength);
    target.set(image.subarray(28, 48), 6);
    target.set(user.read(DATA + operand, 10) as Uint8Array, 26);
  };
}
