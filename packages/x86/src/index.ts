// Public names of @elf/x86.
export { Cpu, createCpu } from './cpu.ts';
export type { CpuOptions } from './cpu-options.ts';
export { type CpuExit, Vector } from './cpu-exit.ts';
export { DecodeResult, Decoder } from './decode/decoder.ts';
export { createInstruction, type Instruction } from './decode/instruction.ts';
export { buildOpcodeMap, type Candidate, type OpcodeMap } from './decode/opcode-map.ts';
export type { OperandKind } from './decode/operand-kinds.ts';
export { instructionFamilies } from './isa/index.ts';
export type { Encoding, InstructionFamily, Operand, Row } from './isa/row.ts';
export {
  type CpuModel,
  type CpuModelMistake,
  cpuModelNames,
  DEFAULT_CPU_MODEL,
  findCpuModel,
} from './state/models/cpu-model.ts';
export {
  type HardwareCapabilities,
  hardwareCapabilities,
  type ProcessorIdentity,
} from './state/models/linux-capabilities.ts';
