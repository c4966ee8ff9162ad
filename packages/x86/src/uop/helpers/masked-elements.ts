// Loads and stores of the elements whose mask has its sign bit set; what the mask leaves out is not touched (SDM vol. 2, VMASKMOV, VPMASKMOV).
import { EXIT_STATUS } from '../../state/layout.ts';
import { type Helper, type HelperContext, type HelperRow, helper } from './helper-row.ts';

/** Reads the request: bytes of an element, and of the whole vector. */
function elementsOf({ memory }: HelperContext, mask: number, request: number): { readonly chosen: number[]; readonly size: number } {
  const value = memory.i32[request >>> 2];
  const size = value & 15;
  const chosen: number[] = [];
  for (let at = 0; at < value >> 4; at += size) if (memory.u8[mask + at + size - 1] >= 0x80) chosen.push(at);
  return { chosen, size };
}

function place(context: HelperContext, address: number, offset: number, size: number, isWrite: boolean): number {
  const at = BigInt.asUintN(context.cpu.mode, BigInt.asUintN(64, context.memory.i64[address >>> 3]) + BigInt(offset));
  const low = Number(BigInt.asIntN(32, at));
  const high = Number(BigInt.asIntN(32, at >> 32n));
  return isWrite ? context.access.slowWrite(low, high, size) : context.access.slowRead(low, high, size);
}

const load: Helper = (context, out, mask, address, request) => {
  const { memory, cpu } = context;
  const { chosen, size } = elementsOf(context, mask, request);
  memory.u8.fill(0, out, out + (memory.i32[request >>> 2] >> 4));
  for (const offset of chosen) {
    const from = place(context, address, offset, size, false);
    if (from === 0) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
    memory.u8.copyWithin(out + offset, from, from + size);
  }
  return 0;
};

// First every element must be writable, so that a fault stores nothing.
const store: Helper = (context, source, mask, address, request) => {
  const { memory, cpu, access } = context;
  const { chosen, size } = elementsOf(context, mask, request);
  for (const offset of chosen) if (place(context, address, offset, size, true) === 0) return memory.i32[(cpu.state + EXIT_STATUS) >>> 2];
  for (const offset of chosen) {
    const to = place(context, address, offset, size, true);
    memory.u8.copyWithin(to, source + offset, source + offset + size);
    access.commitIfCrossing(to);
  }
  return 0;
};

/** Cells: vector, mask, address, and bytes of an element plus 16 times those of the vector. */
export const maskedElementsHelpers: readonly HelperRow[] = [helper('masked-load', load), helper('masked-element-store', store)];
