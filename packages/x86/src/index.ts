// Public names of @elf/x86.
export { Cpu, type CpuOptions, createCpu } from './cpu.ts';
export { type CpuExit, Vector } from './cpu-exit.ts';
export { DecodeResult, Decoder } from './decode/decoder.ts';
export { createInstruction, type Instruction } from './decode/instruction.ts';
export { buildOpcodeMap, type Candidate, type OpcodeMap } from './decode/opcode-map.ts';
export type { OperandKind } from './decode/operand-kinds.ts';
export { instructionFamilies } from './isa/index.ts';
export type { Encoding, InstructionFamily, Operand, Row } from './isa/row.ts';
export { LEAF1_EDX as hardwareCapabilities } from './state/features.ts';
