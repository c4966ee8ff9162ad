// Guest memory for executions of which nothing but the outcome is looked at: making one costs more than most of them.
import { GuestMemory } from '@elf/mm';

/** Above this much in use another one begins. */
const MOST_USED_BYTES = 128 << 20;
const MAXIMUM_BYTES = 1 << 30;

let current: GuestMemory | undefined;

/** The memory of this process's tests; what was mapped in it before stays. */
export function oneMemory(): GuestMemory {
  if (current === undefined || current.usedBytes > MOST_USED_BYTES)
    current = new GuestMemory({ maximumBytes: MAXIMUM_BYTES });
  return current;
}
