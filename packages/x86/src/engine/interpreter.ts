// Generates the interpreter: one WebAssembly function with a loop over micro-op records, and one function per cold row.
import { BUDGET, EXIT_STATUS } from '../state/layout.ts';
import type { UopTable } from '../uop/index.ts';
import { Code, type Label } from '../wasm/code.ts';
import { ModuleWriter, type Signature } from '../wasm/module-writer.ts';
import { Type } from '../wasm/opcodes.ts';
import { BUDGET_LOCAL, type Ends, type Imports, interpreterEmitter, PC, type Placement, SCRATCH } from './emitter.ts';

/** What the generated module imports under `env`, beside the memory. */
export interface InterpreterImports {
  readonly slowRead: (addressLow: number, addressHigh: number, sizeInBytes: number) => number;
  readonly slowWrite: (addressLow: number, addressHigh: number, sizeInBytes: number) => number;
  readonly commitCrossing: () => void;
  readonly helper: (number: number, a: number, b: number, c: number, d: number, e: number) => number;
}

/** Runs micro-ops from a host offset until an exit; returns the `ExitStatus`. */
export type RunFunction = (microOp: number) => number;

const i32 = Type.i32;
const RUN: Signature = { parameters: [i32], results: [i32] };
// The status of every exit travels in this local to the one place that leaves.
const STATUS_LOCAL = SCRATCH.q;
const SCRATCH_LOCALS = [
  [4, Type.i64],
  [2, i32],
  [3, Type.v128],
] as const;

/** The module's bytes for a table and a placement; the same arguments give the same bytes. */
export function generateInterpreter(table: UopTable, placement: Placement): Uint8Array {
  const writer = new ModuleWriter();
  const imports: Imports = {
    slowRead: writer.importFunction('slowRead', { parameters: [i32, i32, i32], results: [i32] }),
    slowWrite: writer.importFunction('slowWrite', { parameters: [i32, i32, i32], results: [i32] }),
    commitCrossing: writer.importFunction('commitCrossing', { parameters: [], results: [] }),
    helper: writer.importFunction('helper', { parameters: [i32, i32, i32, i32, i32, i32], results: [i32] }),
  };
  const cold = table.list.slice(table.hotCount).map((entry) =>
    writer.function(RUN, {
      locals: SCRATCH_LOCALS,
      bytes: coldBody(entry.sizeInBytes, entry.row.emit, imports, placement),
    }),
  );
  const loop = writer.function(RUN, {
    locals: [...SCRATCH_LOCALS, [1, i32], [2, Type.i64]],
    bytes: loopBody(table, writer.type(RUN), imports, placement),
  });
  writer.elements(cold);
  writer.export('run', loop);
  return writer.finish();
}

type Emit = UopTable['list'][number]['row']['emit'];

// A cold row returns the next micro-op, or 0 after it has left; the status is then in EXIT_STATUS.
function coldBody(sizeInBytes: number, emit: Emit, imports: Imports, placement: Placement): number[] {
  const code = new Code();
  const emitter = interpreterEmitter(code, imports, placement, {
    leave: (body) => {
      body
        .set(STATUS_LOCAL)
        .i32(0)
        .get(STATUS_LOCAL)
        .memory('i32_store', placement.state + EXIT_STATUS)
        .i32(0)
        .ops('return');
    },
    jump: (body) => body.ops('return'),
  });
  emit(emitter);
  code.get(PC).i32(sizeInBytes).ops('i32_add');
  return code.bytes;
}

function loopBody(table: UopTable, coldType: number, imports: Imports, placement: Placement): number[] {
  const code = new Code();
  const { state } = placement;
  const hot = table.list.slice(0, table.hotCount);
  code
    .i32(0)
    .memory('i32_load', state + BUDGET)
    .set(BUDGET_LOCAL);
  const exit = code.block();
  // A jump leads to a block's first record, whose row stands here as well: it needs no dispatch, which is every seventh one in CoreMark.
  const enter = code.loop();
  const ends: Ends = {
    leave: (body) => body.set(STATUS_LOCAL).br(exit),
    jump: (body) => body.set(PC).br(enter),
  };
  const emitter = interpreterEmitter(code, imports, placement, ends, { firstOperand: 0, flagLocals: 'kept' });
  const first = table.find('block');
  first.row.emit(emitter);
  code.get(PC).i32(first.sizeInBytes).ops('i32_add').set(PC);
  const next = code.loop();
  const coldLabel = code.block();
  const labels: Label[] = hot.map(() => code.block()).reverse();
  code.get(PC).memory('i32_load').brTable(labels, coldLabel);
  for (const { row, sizeInBytes } of hot) {
    code.end();
    row.emit(emitter);
    if (!row.ends) code.get(PC).i32(sizeInBytes).ops('i32_add').set(PC);
    code.br(next);
  }
  code.end();
  // Cold rows: the record's number beyond the hot ones is the index in the function table.
  code.get(PC).get(PC).memory('i32_load').i32(table.hotCount).ops('i32_sub').callIndirect(coldType).tee(PC).brIf(next);
  code
    .i32(0)
    .memory('i32_load', state + EXIT_STATUS)
    .set(STATUS_LOCAL);
  code.br(exit);
  code.end();
  code.end();
  code.end();
  code
    .i32(0)
    .get(BUDGET_LOCAL)
    .memory('i32_store', state + BUDGET);
  code.get(STATUS_LOCAL);
  return code.bytes;
}
