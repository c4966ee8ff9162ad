// Virtual time in a Node process: waits jump, events of the process get their turns.
import { describe, expect, it } from 'vitest';
import { nodeVirtualClock } from './node-virtual-clock.ts';

const never = new Promise<void>(() => {});

describe('nodeVirtualClock', () => {
  it('jumps to the moment that is waited for, and is the same every time', async () => {
    const times = async () => {
      const clock = nodeVirtualClock();
      const start = clock.monotonic();
      await clock.wait(3600e9, never);
      return [start, clock.monotonic(), clock.realtime()];
    };
    const [start, end, date] = await times();
    expect(Number(end) - Number(start)).toBeGreaterThanOrEqual(3600e9);
    expect(await times()).toEqual([start, end, date]);
  });

  it('waits for events where there is no moment to jump to', async () => {
    const clock = nodeVirtualClock();
    const before = clock.monotonic();
    await clock.wait(Number.POSITIVE_INFINITY, new Promise((resolve) => setTimeout(resolve, 20)));
    expect(clock.monotonic() - before).toBeLessThan(1e6);
  });

  it('lets timers and input of the process in while a program is busy', async () => {
    const clock = nodeVirtualClock();
    let isIn = false;
    setTimeout(() => {
      isIn = true;
    }, 5);
    for (let turns = 0; !isIn && turns < 1_000_000; turns++) await clock.pause();
    expect(isIn).toBe(true);
  });
});
