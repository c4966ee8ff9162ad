// The one memory: growth, exhaustion, frames and their references.
import { describe, expect, it } from 'vitest';
import { GuestMemory } from './guest-memory.ts';
import { MemoryExhausted } from './memory-exhausted.ts';

describe('GuestMemory', () => {
  it('replaces its views when it grows and keeps the content', () => {
    const memory = new GuestMemory({ maximumBytes: 64 << 20 });
    const frame = memory.allocateFrame();
    memory.u8[frame] = 7;
    const before = memory.u8;
    memory.reserveRegion(20 << 20);
    // The old view is detached, which is why nobody may keep one.
    expect(memory.u8 === before).toBe(false);
    expect(before.length).toBe(0);
    expect(memory.u8[frame]).toBe(7);
    expect(
      [memory.u16, memory.i32, memory.u32, memory.f64, memory.i64].every(
        ({ buffer }) => buffer === memory.memory.buffer,
      ),
    ).toBe(true);
    expect(memory.view.buffer).toBe(memory.memory.buffer);
  });

  it('never hands out offset 0 and aligns regions', () => {
    const memory = new GuestMemory();
    expect(memory.reserveRegion(1, 4096)).toBeGreaterThan(0);
    expect(memory.reserveRegion(10, 4096) % 4096).toBe(0);
    expect(memory.allocateFrame() % 4096).toBe(0);
  });

  it('clears a frame before it is used again', () => {
    const memory = new GuestMemory();
    const frame = memory.allocateFrame();
    memory.u8.fill(0xff, frame, frame + 4096);
    memory.releaseFrame(frame);
    expect(memory.frameReferences(frame)).toBe(0);
    expect(memory.allocateFrame()).toBe(frame);
    expect(memory.u8.subarray(frame, frame + 4096).every((byte) => byte === 0)).toBe(true);
  });

  it('frees a frame with its last reference and refuses one release more', () => {
    const memory = new GuestMemory();
    const frame = memory.allocateFrame();
    memory.retainFrame(frame);
    memory.releaseFrame(frame);
    expect(memory.frameReferences(frame)).toBe(1);
    memory.releaseFrame(frame);
    expect(() => memory.releaseFrame(frame)).toThrow(RangeError);
  });

  it('answers -1 when no frame is left, and throws for a region', () => {
    const memory = new GuestMemory({ maximumBytes: 1 << 20 });
    const frames: number[] = [];
    for (let frame = memory.allocateFrame(); frame >= 0; frame = memory.allocateFrame()) frames.push(frame);
    expect(frames.length).toBe(255);
    expect(new Set(frames).size).toBe(255);
    memory.releaseFrame(frames[10]);
    expect(memory.allocateFrame()).toBe(frames[10]);
    let thrown: unknown;
    try {
      memory.reserveRegion(4096);
    } catch (error) {
      thrown = error;
    }
    expect(MemoryExhausted.isInstance(thrown)).toBe(true);
    expect(MemoryExhausted.isInstance(new Error())).toBe(false);
  });
});
