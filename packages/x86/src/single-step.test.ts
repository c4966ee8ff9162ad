// Single steps: every recorded case ends in the same state when it is stepped through, with a #DB behind the instruction.
import { describe, expect, it } from 'vitest';
import { type CpuExit, Vector } from './cpu-exit.ts';
import { Decoder } from './decode/decoder.ts';
import { createInstruction } from './decode/instruction.ts';
import { buildOpcodeMap } from './decode/opcode-map.ts';
import { instructionFamilies } from './isa/index.ts';
import { TF } from './state/flags.ts';
import {
  DIRECTION,
  FLAG_RESULT,
  FXSAVE,
  OTHER_FLAGS,
  RIP,
  STATE_BYTES,
  TEMPORARIES,
  TEMPORARY_COUNT,
  VECTOR_TEMPORARIES,
  X87_REGISTERS,
} from './state/layout.ts';
import * as layout from './test-support/recorder-layout.ts';
import { Subject } from './test-support/subject.ts';
import { readVectors } from './test-support/vectors.ts';

/** They show the trap flag to memory or take it from there, or hold the trap back. */
const SEES_TRAP_FLAG = /^(pushf|popf|iret|syscall|int)/;

/** Everything architectural: registers, flags other than TF, segment bases, vectors, x87, pages. */
function architecture(subject: Subject): string {
  const { cpu, memory } = subject;
  const state = memory.u8.slice(cpu.state, cpu.state + STATE_BYTES);
  state.fill(0, RIP, RIP + 8);
  // Flag words are compared by what they mean.
  state.fill(0, FLAG_RESULT, DIRECTION);
  // Budget, exits and temporaries follow the flags.
  state.fill(0, OTHER_FLAGS, TEMPORARIES + 8 * TEMPORARY_COUNT);
  state.fill(0, VECTOR_TEMPORARIES, FXSAVE);
  // What lies beyond the registers of the x87 unit is scratch.
  state.fill(0, X87_REGISTERS + 128, STATE_BYTES);
  const pages = subject.imageFrames.map((frame) =>
    Buffer.from(memory.u8.slice(frame, frame + 4096)).toString('base64'),
  );
  return `${cpu.flags & ~TF} ${Buffer.from(state).toString('base64')} ${pages.join()}`;
}

/** Runs a case with the trap flag set, all rounds of a repeated instruction. */
function step(subject: Subject, batch: Parameters<Subject['run']>[0], index: number): CpuExit {
  let exit = subject.run(batch, index, TF);
  const start = layout.CODE_BASE + batch.bytes.readUInt32LE(batch.offsetOf(index) + layout.CASE_OFFSET_AT);
  for (let rounds = 0; isStep(exit) && subject.cpu.rip === start && rounds < 5000; rounds += 1)
    exit = subject.cpu.run(64);
  return exit;
}
const isStep = (exit: CpuExit) => exit.kind === 'exception' && exit.isSingleStep === true;

describe('single steps', () => {
  const recorded = [...readVectors()];
  const decoders = {
    32: new Decoder(buildOpcodeMap(instructionFamilies, 32), 32),
    64: new Decoder(buildOpcodeMap(instructionFamilies), 64),
  };
  const instruction = createInstruction();

  it.each(recorded.map(({ file }, index) => [file, index] as const))('%s', (_file, number) => {
    const { batch } = recorded[number];
    const subject = new Subject();
    subject.load(batch);
    const wrong: string[] = [];
    let stepped = 0;
    for (let index = 0; index < batch.count; index += 1) {
      const at = batch.offsetOf(index);
      const mode = batch.bytes[at + layout.CASE_MODE_AT] & layout.MODE_PROTECTED ? 32 : 64;
      const code = at + layout.CASE_CODE_AT;
      if (decoders[mode].decode(batch.bytes, code, code + 15, 0, instruction) !== 0) continue;
      const { mnemonic } = instruction.candidate;
      const holds = instruction.candidate.row.operands.some(
        ({ kind, access }) => kind.place === 'segment' && access !== 'r',
      );
      if (SEES_TRAP_FLAG.test(mnemonic) || holds) continue;
      const plain = subject.run(batch, index);
      const plainRip = subject.cpu.rip;
      const expected = architecture(subject);
      subject.restoreImage(batch);
      const exit = step(subject, batch, index);
      // A branch to nowhere is complete: the fetch that fails is the next instruction's, unless it cannot be fetched itself.
      const start = layout.CODE_BASE + batch.bytes.readUInt32LE(at + layout.CASE_OFFSET_AT);
      const jumped =
        plain.kind === 'budget' ||
        (plain.kind === 'fault' && plain.access === 2 && plainRip !== start) ||
        (plain.kind === 'unsupported' && mnemonic.startsWith('j'));
      const completed = jumped || (plain.kind === 'exception' && plain.vector === Vector.Breakpoint);
      const isRight = completed ? isStep(exit) : JSON.stringify(exit) === JSON.stringify(plain);
      const rip = jumped || !completed ? plainRip : plainRip - 1;
      if (!isRight || subject.cpu.rip !== rip || architecture(subject) !== expected)
        wrong.push(
          `${mnemonic}: ${JSON.stringify(plain)} at ${plainRip.toString(16)}, stepped ${JSON.stringify(exit)} at ${subject.cpu.rip.toString(16)}`,
        );
      else if (completed) stepped += 1;
      subject.restoreImage(batch);
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(stepped).toBeGreaterThan(batch.count / 3);
  });
});
