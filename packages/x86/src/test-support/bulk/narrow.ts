// From a hash that differs to the first iteration that does, and what it started from: both sides run the instance again, shorter.
import { flagText, REGISTER_NAMES } from '../compare-case.ts';
import { disassemble } from '../describe-case.ts';
import { DATA_BASE, DATA_BYTES, IMAGE_BYTES, STACK_BASE } from '../recorder-layout.ts';
import type { BulkBatch } from './bulk-batch.ts';
import { compactInputs, loadOrder } from './compact.ts';
import { inputsOf, isLightOnRegisters, LOOP_REGISTERS, nextWord } from './harness.ts';
import type { Instance } from './instance.ts';
import * as layout from './layout.ts';
import type { BulkResult, NativeSide } from './native-side.ts';
import type { OurSide } from './our-side.ts';

/** Bytes of a result that have to agree; behind them stands the last fault, for messages. */
const COMPARED_BYTES = 48;

/** True when both sides say the same about an instance of a batch. */
export function agrees(native: BulkResult, ours: BulkResult, index: number): boolean {
  const at = index * layout.RESULT_BYTES;
  return native.results.compare(ours.results, at, at + COMPARED_BYTES, at, at + COMPARED_BYTES) === 0;
}

/** Text about the first iteration of an instance in which the sides differ. */
export async function describeDifference(
  batch: BulkBatch,
  index: number,
  name: string,
  native: NativeSide,
  ours: OurSide,
): Promise<string> {
  const run = async (iterations: number) => {
    const single = batch.single(index, iterations);
    const expected = await native.run(single, true);
    const actual = ours.run(single, true);
    return { expected, actual, same: agrees(expected, actual, 0) };
  };
  const instance = batch.instances[index];
  let good = 0;
  let bad = instance.iterations;
  if ((await run(bad)).same) return `${name}: does not repeat`;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if ((await run(middle)).same) good = middle;
    else bad = middle;
  }
  const { expected, actual } = await run(bad);
  const code = Buffer.from(instance.code);
  const lines = [
    `${name}: ${code.toString('hex')} at 0x${instance.address.toString(16)}: ${disassemble(code, instance.address, batch.mode)}`,
    `  iteration ${bad} of ${instance.iterations}`,
    ...inputs(batch, index, bad),
    ...differences(batch, instance, expected, actual),
  ];
  return lines.join('\n');
}

function inputs(batch: BulkBatch, index: number, iteration: number): string[] {
  let word = batch.record(index).readInt32LE(layout.SEED_AT);
  for (let step = 0; step < iteration; step += 1) word = nextWord(word);
  const { poolOffset, controlOffset } = inputsOf(word);
  const { pools } = batch;
  const lines: string[] = [];
  const bytes = batch.mode / 8;
  const { isCompact, general } = batch.instances[index];
  if (isCompact) {
    const places = compactInputs(word);
    loadOrder(general).forEach((register, position) => {
      const place = places[register === 7 || (register !== 6 && position % 2 === 1) ? 1 : 0];
      const at = layout.INTEGER_POOL - layout.POOLS_BASE + place + bytes * register;
      const value = bytes === 8 ? pools.readBigUInt64LE(at) : pools.readUInt32LE(at);
      lines.push(`  ${REGISTER_NAMES[register]} ${value.toString(16)}`);
    });
    return lines;
  }
  for (let register = 0; register < batch.mode / 4; register += 4) {
    const part = [0, 1, 2, 3].map((k) => {
      const at = layout.INTEGER_POOL - layout.POOLS_BASE + poolOffset + bytes * (register + k);
      const value = bytes === 8 ? pools.readBigUInt64LE(at) : pools.readUInt32LE(at);
      return `${REGISTER_NAMES[register + k].padStart(3)} ${value.toString(16).padStart(2 * bytes, '0')}`;
    });
    lines.push(`  ${part.join('  ')}`);
  }
  const control = layout.CONTROL_POOL - layout.POOLS_BASE + controlOffset;
  lines.push(
    `  (registers of the address and the like are set in front of the instruction) mxcsr 0x${pools.readUInt32LE(control + layout.CONTROL_MXCSR_AT).toString(16)}, x87 ${pools.subarray(control + layout.CONTROL_X87_AT, control + layout.CONTROL_X87_AT + 8).toString('hex')}`,
  );
  const { parts } = batch.instances[index];
  if (parts.vector)
    for (let register = 0; register < (batch.mode === 64 ? 16 : 8); register += 1) {
      const at = layout.VECTOR_POOL - layout.POOLS_BASE + poolOffset + 32 * register;
      lines.push(`  ymm${register} ${lanes(pools.subarray(at, at + 32))}`);
    }
  const source = batch.record(index).readUInt32LE(layout.SOURCE_AT) - layout.POOLS_BASE + poolOffset;
  if (parts.memory)
    lines.push(
      `  memory at 0x${batch.record(index).readUInt32LE(layout.WINDOW_AT).toString(16)}: ${pools.subarray(source, source + layout.WINDOW_BYTES).toString('hex')}`,
    );
  return lines;
}

function differences(batch: BulkBatch, instance: Instance, expected: BulkResult, actual: BulkResult): string[] {
  const lines: string[] = [];
  const compare = (name: string, at: number, length: number, text: (bytes: Buffer) => string) => {
    const [left, right] = [expected.dumps, actual.dumps].map((dump) => dump.subarray(at, at + length));
    if (!left.equals(right)) lines.push(`  ${name}: hardware ${text(left)}, ours ${text(right)}`);
  };
  const number = (bytes: Buffer) => `0x${Buffer.from(bytes).reverse().toString('hex')}`;
  const size = batch.mode / 8;
  const registers = size * 2;
  for (let register = 0; register < registers; register += 1) {
    const loop = LOOP_REGISTERS.indexOf(register);
    const named = instance.general.indexOf(register);
    const isLight = isLightOnRegisters(batch.mode, instance.parts);
    const cell = instance.isCompact
      ? register === 0
        ? 0
        : -1
      : !isLight
        ? register
        : loop >= 0
          ? loop
          : named >= 0
            ? LOOP_REGISTERS.length + named
            : -1;
    const at = cell >= 0 ? layout.OUT_GPR_AT + size * cell : layout.LAST_GPR_AT + size * register;
    compare(REGISTER_NAMES[register], at, size, number);
    compare(`ymm${register}`, layout.OUT_VECTORS_AT + 32 * register, 32, lanes);
  }
  compare('flags', layout.OUT_FLAGS_AT, 4, (bytes) => flagText(bytes[1] | (bytes[0] << 11)));
  compare('branch', layout.OUT_MARK_AT, 4, number);
  compare('mxcsr', layout.OUT_MXCSR_AT, 4, number);
  compare('x87 control and status', layout.OUT_X87_AT, 4, number);
  compare('x87 tags', layout.OUT_TAGS_AT, 4, number);
  compare('rflags', layout.OUT_RFLAGS_AT, 8, number);
  for (let register = 0; register < 8; register += 1)
    compare(`x87 register ${register}`, layout.X87_OUT_AT + 32 + 16 * register, 10, number);
  for (let at = 0; at < IMAGE_BYTES; at += 8)
    compare(
      `memory 0x${(at < DATA_BYTES ? DATA_BASE + at : STACK_BASE + at - DATA_BYTES).toString(16)}`,
      layout.STATE_PAGE_BYTES + at,
      8,
      (bytes) => bytes.toString('hex'),
    );
  const [left, right] = [expected.results, actual.results].map(faultText);
  if (left !== right) lines.push(`  events: hardware ${left}, ours ${right}`);
  else if (expected.results.readUInt32LE(layout.RESULT_FAULTS_AT) > 0) lines.push(`  events on both sides: ${left}`);
  return lines;
}

function faultText(result: Buffer): string {
  const [vector, access] = [layout.RESULT_VECTOR_AT, layout.RESULT_ACCESS_AT].map((at) => result.readUInt32LE(at));
  const [address, rip] = [layout.RESULT_ADDRESS_AT, layout.RESULT_RIP_AT].map((at) => result.readBigUInt64LE(at));
  return `${result.readUInt32LE(layout.RESULT_FAULTS_AT)}, status ${result.readUInt32LE(layout.RESULT_STATUS_AT)}, last: vector ${vector} access ${access} address 0x${address.toString(16)} rip 0x${rip.toString(16)}`;
}

const lanes = (bytes: Buffer) =>
  [24, 16, 8, 0].map((at) => bytes.readBigUInt64LE(at).toString(16).padStart(16, '0')).join('_');
