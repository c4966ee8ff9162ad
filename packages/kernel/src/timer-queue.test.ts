// Timers expire in order of their deadlines, cancelled ones never.
import { describe, expect, it } from 'vitest';
import { TimerQueue } from './timer-queue.ts';

describe('timers', () => {
  it('expire by deadline, equal ones in the order they were added', () => {
    const timers = new TimerQueue();
    const rung: string[] = [];
    for (const [deadline, name] of [
      [30, 'c'],
      [10, 'a'],
      [20, 'b'],
      [10, 'a2'],
      [40, 'd'],
    ] as const)
      timers.add(deadline, () => rung.push(name));
    timers.expire(9);
    expect(rung).toEqual([]);
    expect(timers.earliest).toBe(10);
    timers.expire(30);
    expect(rung).toEqual(['a', 'a2', 'b', 'c']);
    expect(timers.earliest).toBe(40);
  });

  it('keeps a naive list company through random additions, cancels and expiries', () => {
    const timers = new TimerQueue();
    const naive = new Map<number, number>();
    const rung: number[] = [];
    const cancels = new Map<number, () => void>();
    let state = 1;
    const random = (limit: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % limit;
    };
    for (let step = 0; step < 5000; step++) {
      const deadline = step + random(400);
      naive.set(step, deadline);
      cancels.set(
        step,
        timers.add(deadline, () => rung.push(step)),
      );
      if (random(3) > 0) {
        const victim = random(step + 1);
        cancels.get(victim)?.();
        cancels.get(victim)?.();
        naive.delete(victim);
      }
      if (random(10) === 0) {
        const due = [...naive].filter(([, at]) => at <= step).sort((a, b) => a[1] - b[1] || a[0] - b[0]);
        rung.length = 0;
        timers.expire(step);
        expect(rung).toEqual(due.map(([id]) => id));
        for (const [id] of due) naive.delete(id);
        expect(timers.isEmpty).toBe(naive.size === 0);
        expect(timers.earliest).toBe(Math.min(...naive.values()));
      }
    }
  });

  it('a timer may add another while it expires', () => {
    const timers = new TimerQueue();
    let count = 0;
    const again = (deadline: number) =>
      timers.add(deadline, () => {
        if (++count < 5) again(deadline + 1);
      });
    again(1);
    timers.expire(3);
    expect(count).toBe(3);
  });
});
