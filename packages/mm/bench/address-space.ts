// Costs of the address space: `npx tsx packages/mm/bench/address-space.ts`. Goals: resolve < 200 ns, reservations independent of size.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import { AddressSpace } from '../src/address-space.ts';
import { GuestMemory } from '../src/guest-memory.ts';
import { Access, Protection } from '../src/page-fault.ts';

const PAGES = 4096;
const space = new AddressSpace(new GuestMemory());
const start = space.map({ length: PAGES * GUEST_PAGE_BYTES, protection: Protection.Read | Protection.Write });
space.populate(start, PAGES * GUEST_PAGE_BYTES);

function measure(name: string, iterations: number, run: (index: number) => void): void {
  for (let index = 0; index < iterations / 10; index++) run(index);
  const before = performance.now();
  for (let index = 0; index < iterations; index++) run(index);
  const nanoseconds = ((performance.now() - before) * 1e6) / iterations;
  process.stdout.write(`${name.padEnd(40)} ${nanoseconds.toFixed(1).padStart(12)} ns\n`);
}

let sink = 0;
let random = 1;
measure('resolve, pages in order', 5e6, (index) => {
  sink += space.resolve(start + (index % PAGES) * GUEST_PAGE_BYTES, Access.Read);
});
measure('resolve, pages at random', 5e6, () => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  sink += space.resolve(start + (random >>> 20) * GUEST_PAGE_BYTES, Access.Write);
});
for (const power of [20, 30, 40, 46]) {
  measure(`map and unmap of 2^${power} bytes`, 1e5, () => {
    const length = 2 ** power;
    space.unmap(space.map({ length, protection: Protection.None }), length);
  });
}
measure('map, touch 16 pages, unmap', 2e4, () => {
  const length = 16 * GUEST_PAGE_BYTES;
  const address = space.map({ length, protection: Protection.Read | Protection.Write });
  space.populate(address, length);
  space.unmap(address, length);
});
measure('fork and end, 16 MiB touched', 50, () => space.fork().destroy());
if (sink === 0) throw new Error('nothing was resolved');
