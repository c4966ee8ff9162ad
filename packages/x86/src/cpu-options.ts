// What a CPU is made with: model, mode, and what would make a run differ from the next one.
import type { OpcodeMap } from './decode/opcode-map.ts';
import type { CpuModel } from './state/models/cpu-model.ts';

/** Options of `createCpu`. */
export interface CpuOptions {
  /** Opcode map to decode with; the default has every instruction row. */
  readonly opcodeMap?: OpcodeMap;
  /** Mode that the CPU starts in; 64 is the default. `mode` and `resetState` change it. */
  readonly mode?: 32 | 64;
  /** The processor to be: a model, or a name as `findCpuModel` takes it; everything there is by default. */
  readonly model?: CpuModel | string;
  /** 64 random bits for RDRAND and RDSEED; the default is a fixed sequence, which keeps runs deterministic. */
  readonly random?: () => bigint;
  /** Hears the addresses of the instructions of each block when it is translated. */
  readonly onTranslated?: (addresses: readonly number[]) => void;
  /** Time-stamp counter, in ticks; the default counts retired instructions, which keeps runs deterministic. */
  readonly timeStamp?: () => bigint;
}
