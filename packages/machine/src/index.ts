// Public names of @elf/machine.
export { createMemoryHost } from '@elf/kernel';
export { type CrashReport, crashReport, describeRefusal, formatCrashReport, type PageDamage } from './crash-report.ts';
export {
  createMachine,
  type Machine,
  type MachineOptions,
  type ProgramOutcome,
  type ProgramRequest,
} from './create-machine.ts';
export { ExecutionLog, LOG_ITEMS, type LogItem, type LogItemName, readLogItems } from './execution-log.ts';
export { createGdbServer, type GdbLink, type GdbServer } from './gdb-server/gdb-server.ts';
export type { DamagedMemory, PolicyInForce } from './policy-damage.ts';
export { createProgramLoader, type ExplainedRefusal, type LoaderOptions } from './program-loader.ts';
export { type CpuModel, type CpuModelMistake, cpuModelNames, findCpuModel } from '@elf/x86';
