// The last steps of load_elf_binary: heap, stack contents and the first instruction.
import { decodeText } from '@elf/parse';
import { type FormatOutcome, refuse } from '../binary-format.ts';
import type { Binprm } from '../binprm.ts';
import { ExecErrno } from '../exec-errno.ts';
import { hex } from '../exec-record.ts';
import type { ImageTarget } from '../image-target.ts';
import { placeVdso } from '../place-vdso.ts';
import { writeStack } from '../stack-writer.ts';
import type { ElfImage } from './elf-image.ts';
import type { MappedInterpreter } from './elf-interpreter.ts';
import type { MappedProgram } from './elf-program.ts';
import { firstFailure } from './elf-rule.ts';

/** Everything that was decided about one program. */
export interface ElfStart {
  readonly target: ImageTarget;
  readonly binprm: Binprm;
  readonly image: ElfImage;
  readonly program: MappedProgram;
  readonly interpreter: MappedInterpreter | undefined;
  readonly isStackExecutable: boolean;
}

/** Writes the stack and says where the program starts. */
export function startElf({ target, binprm, image, program, interpreter, isStackExecutable }: ElfStart): FormatOutcome {
  const { space, request, record, layout } = target;
  const candidate = { ...image.candidate, layout, bias: BigInt(program.bias) };
  const stray = interpreter ? undefined : firstFailure(request.profile.elfRules, ['entry'], candidate);
  if (stray) return refuse(stray.errno, stray.rule, stray.sentence);
  const programEntry = Number(BigInt.asUintN(image.abi.elfClass, image.header.entry + BigInt(program.bias)));
  // Of the borders Linux keeps, RLIMIT_DATA counts these two with the heap (include/linux/mm.h, check_data_rlimit).
  space.setProgramBreak(program.brk, Math.max(0, program.endData - program.startData));
  const vdso = placeVdso(target, image.abi.name);
  if (typeof vdso === 'number') return refuse(-vdso, 'vdso-map', 'There is no room for the vDSO.');
  const facts = {
    programHeaderAddress: program.programHeaderAddress,
    programHeaderCount: image.header.phnum,
    programHeaderBytes: image.abi.programHeaderBytes,
    interpreterBase: interpreter?.base ?? 0,
    programEntry,
    pageBytes: program.auxiliaryPageBytes,
    vdso,
  };
  const write = request.profile.traits?.writeStack ?? writeStack;
  const stack = write(space, binprm, request, facts, image.abi, layout);
  if (stack === undefined) return refuse(ExecErrno.EFAULT, 'stack-write', 'The initial stack cannot be written.');
  space.setStackStart(stack.stackPointer);
  const [counter, pointer] = image.abi.wordBytes === 8 ? ['rip', 'rsp'] : ['eip', 'esp'];
  record.add({
    step: 'write stack',
    kernelFunction: 'create_elf_tables',
    inputs: { argc: binprm.argv.length, envc: binprm.envp.length, auxiliaryEntries: stack.auxiliaryVector.length },
    decision: `${pointer} is ${hex(stack.stackPointer)}`,
  });
  const entry = interpreter?.entry ?? programEntry;
  record.add({
    step: 'start',
    kernelFunction: 'start_thread',
    inputs: { programEntry: hex(programEntry), interpreterBase: hex(facts.interpreterBase), brk: hex(program.brk) },
    decision: `${counter} is ${hex(entry)}${interpreter ? `, in the interpreter; ${decodeText(binprm.path)} follows` : ''}`,
  });
  const { argumentStart, argumentEnd, environmentStart, environmentEnd } = stack;
  const { startCode, endCode, startData, endData } = program;
  return {
    kind: 'loaded',
    image: {
      abi: image.abi.name,
      personality: 'linux',
      registers: {},
      readImpliesExecute: target.readImpliesExecute,
      space,
      entry,
      stackPointer: stack.stackPointer,
      brk: program.brk,
      programEntry,
      loadBias: program.bias,
      interpreterBase: facts.interpreterBase,
      isStackExecutable,
      marks: { startCode, endCode, startData, endData, argumentStart, argumentEnd, environmentStart, environmentEnd },
      auxiliaryVector: stack.auxiliaryVector,
    },
  };
}
