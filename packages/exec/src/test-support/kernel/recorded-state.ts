// States as JSON: what is zero or long is left out or shortened, so that vectors stay small.
import { comparableMaps, digest, type EntryState } from './entry-state.ts';

/** Longer stacks are compared by the digest of their area. */
const LONGEST_STACK = 2048;

/** A state as it is recorded. */
export function stateText(state: EntryState): unknown {
  return {
    ...state,
    registers: Object.fromEntries(Object.entries(state.registers).filter(([, value]) => value !== '0')),
    maps: comparableMaps(state.maps),
    stack: Buffer.from(state.stack.subarray(0, LONGEST_STACK)).toString('base64'),
    content: Object.fromEntries(Object.entries(state.content).map(([start, pages]) => [start, digest(pages)])),
  };
}

/** Reviver for JSON.parse that makes recorded states whole again. */
export function readState(key: string, value: unknown): unknown {
  return key === 'stack' && typeof value === 'string' ? new Uint8Array(Buffer.from(value, 'base64')) : value;
}
