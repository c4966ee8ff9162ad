// Runs a script of memory calls on an address space, printing what native/memory-calls.c prints on the real kernel.
import { guestPageAddress, guestPageOffset } from '@elf/pagesize';
import { AddressSpace } from '../address-space.ts';
import { GuestMemory } from '../guest-memory.ts';
import { Access, FaultCause } from '../page-fault.ts';
import { UserMemory } from '../user-memory.ts';
import { ScriptFile } from './script-file.ts';

/** One line of a script: the letter of the operation and its numbers (see native/memory-calls.c). */
export interface Operation {
  readonly kind: string;
  readonly numbers: readonly number[];
}

/** Where the native program stood before its script began. */
export interface NativeStart {
  readonly programBreak: number;
  /** Bytes of its initialised data, and of the machine's memory. */
  readonly dataBytes: number;
  readonly memoryBytes: number;
  /** Its maps lines. */
  readonly maps: readonly string[];
}

/** What one operation gave: its result, and the maps lines of memory that scripts can change. */
export interface Step {
  readonly result: string;
  readonly maps: string;
}

const MAP_SHARED = 1;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_32BIT = 0x40;
const MAP_GROWSDOWN = 0x100;
const MAP_LOCKED = 0x2000;
const MAP_NORESERVE = 0x4000;
const MAP_POPULATE = 0x8000;
const MAP_STACK = 0x20000;
const MAP_FIXED_NOREPLACE = 0x100000;

/** The process a script runs in. */
export class ScriptRunner {
  readonly space: AddressSpace;
  /** Where the program break was before the script. */
  readonly firstBreak: number;
  readonly #files: readonly ScriptFile[];
  readonly #window: readonly [number, number];

  private constructor(space: AddressSpace, files: readonly ScriptFile[], window: readonly [number, number]) {
    this.space = space;
    this.firstBreak = space.programBreak.current;
    this.#files = files;
    this.#window = window;
  }

  /** A process as the native one is when its script begins. */
  static start({ programBreak, dataBytes, memoryBytes, maps }: NativeStart): ScriptRunner {
    const layout = { mmapBase: 0x7fff_f7ff_f000, minimumAddress: 4096, commitLimitInBytes: memoryBytes };
    const space = new AddressSpace(new GuestMemory(), layout);
    const user = new UserMemory(space);
    let heap = 0;
    let top = 0;
    for (const line of maps) {
      const [, start, end, rights, name] = /^(\w+)-(\w+) (\S+) \S+ \S+ \S+ *(.*)$/.exec(line) as RegExpExecArray;
      const address = Number.parseInt(start, 16);
      const length = Number.parseInt(end, 16) - address;
      if (name === '[vsyscall]') continue;
      if (name === '[heap]') {
        heap = address;
        space.setProgramBreak(heap, dataBytes);
        space.brk(programBreak);
      } else {
        if (name === '[vvar]') top = address;
        const special = name.startsWith('[v') || name.startsWith('/') ? name : undefined;
        const protection = (rights[0] === 'r' ? 1 : 0) | (rights[1] === 'w' ? 2 : 0) | (rights[2] === 'x' ? 4 : 0);
        space.map({ address, length, fixed: 'replace', protection, name: special, growsDown: name === '[stack]' });
      }
      // The program has stored to everything it may store to.
      if (rights[1] === 'w') user.writeU8(address, user.readU8(address) ?? 0);
    }
    const first = new ScriptFile('a', 6);
    return new ScriptRunner(space, [first, first.reopenedForReading(), new ScriptFile('c', 40)], [heap, top]);
  }

  /** Runs a script; the child of a fork runs its part before the parent goes on. */
  run(script: readonly Operation[]): Step[] {
    const steps: Step[] = [];
    for (let index = 0; index < script.length; index++) {
      const operation = script[index];
      if (operation.kind !== 'F') steps.push(this.step(operation));
      else {
        const count = operation.numbers[0];
        steps.push(...this.fork(script.slice(index + 1, index + 1 + count)));
        index += count;
      }
    }
    return steps;
  }

  /** Runs the child of a fork to its end, then says that the parent goes on. */
  fork(script: readonly Operation[]): Step[] {
    const child = new ScriptRunner(this.space.fork(), this.#files, this.#window);
    const steps = [{ result: 'forked', maps: child.maps() }, ...child.run(script)];
    child.space.destroy();
    return [...steps, { result: 'joined', maps: this.maps() }];
  }

  /** Runs one operation. */
  step({ kind, numbers }: Operation): Step {
    const value = this.#execute(kind, numbers);
    const result = typeof value === 'string' ? value : value < 0 ? String(value) : `0x${value.toString(16)}`;
    return { result, maps: this.maps() };
  }

  /** Where the kernel's own areas begin. */
  get top(): number {
    return this.#window[1];
  }

  /** The maps lines that scripts can change, shortened as {@link shortMaps} does. */
  maps(): string {
    return shortMaps(this.space.mapsText().trimEnd().split('\n'), this.#window);
  }

  #execute(kind: string, n: readonly number[]): number | string {
    const { space } = this;
    switch (kind) {
      case 'm':
        return this.#map(n);
      case 'u':
        return space.unmap(n[0], n[1]);
      case 'p':
        return space.protect(n[0], n[1], n[2]);
      case 'r':
        return this.#remap(n);
      case 'a':
        return space.advise(n[0], n[1], n[2]);
      case 'b':
        return space.brk(n[0]);
      case 'c':
        return this.#residency(n[0], n[1]);
      case 'l':
        return space.setLocked(n[0], n[1], true, n[2] === 1);
      case 'k':
        return space.setLocked(n[0], n[1], false);
      case 'L':
        if (n[0] !== 0) return space.lockAll(n[0]);
        space.unlockAll();
        return 0;
      case 's':
        return space.synchronize(n[0], n[1], n[2]);
      case 'T':
        return this.#files[n[0]].truncate(space.memory, n[1]);
      case 'W':
        return this.#files[n[0]].write(space.memory, n[1], n[2]);
      case 'R':
        return this.#files[n[0]].read(space.memory, n[1]);
      case 'P':
        space.layout.lockLimitInBytes = n[0];
        return 0;
      case 'A':
        space.layout.addressSpaceLimitInBytes = n[0] < 0 ? Number.POSITIVE_INFINITY : n[0];
        return 0;
      case 'D':
        space.layout.dataLimitInBytes = n[0] < 0 ? Number.POSITIVE_INFINITY : n[0];
        return 0;
      default:
        return this.#touch(kind, n[0], n[1]);
    }
  }

  #map([address, length, protection, flags, file, offset]: readonly number[]): number {
    const type = flags & 3;
    if (type === 0) return -22;
    const shared = (type & MAP_SHARED) !== 0;
    const used = flags & MAP_ANONYMOUS ? undefined : this.#files[file];
    const fixed = flags & MAP_FIXED_NOREPLACE ? 'no-replace' : flags & MAP_FIXED ? 'replace' : undefined;
    const result = this.space.map({
      address,
      length,
      protection,
      fixed,
      shared,
      backing: used?.backing,
      maximumProtection: used?.isReadOnly && shared ? 5 : 7,
      offset: used === undefined ? 0 : offset,
      growsDown: (flags & MAP_GROWSDOWN) !== 0,
      low32: (flags & MAP_32BIT) !== 0,
      noReserve: (flags & MAP_NORESERVE) !== 0,
      locked: (flags & MAP_LOCKED) !== 0,
      stack: (flags & MAP_STACK) !== 0,
    });
    if (result >= 0 && flags & MAP_POPULATE) this.space.populate(result, length);
    return result;
  }

  #remap([address, oldLength, newLength, flags, target]: readonly number[]): number {
    if (flags & ~7) return -22;
    return this.space.remap({
      address,
      oldLength,
      newLength,
      mayMove: (flags & 1) !== 0,
      fixedAddress: flags & 2 ? target : undefined,
      keepOld: (flags & 4) !== 0,
      hint: target,
    });
  }

  /** One digit a page; "-" for a file's page, which may be in the kernel's cache for its own reasons. */
  #residency(address: number, length: number): number | string {
    const pages = this.space.residency(address, length);
    if (typeof pages === 'number') return pages;
    const digit = (resident: number, index: number) => {
      const backing = this.space.find(address + index * this.space.layout.mappingGranularity)?.backing;
      return backing === undefined || backing.isAnonymous ? String(resident) : '-';
    };
    return Array.from(pages, digit).join('');
  }

  #touch(kind: string, address: number, value: number): string {
    const access = kind === 't' ? Access.Read : kind === 'w' ? Access.Write : Access.Execute;
    const frame = this.space.resolve(guestPageAddress(address), access);
    if (frame < 0) return frame === -FaultCause.BusError ? 'bus2' : `segv${-frame}`;
    const bytes = this.space.memory.u8;
    if (kind === 't') return String(bytes[frame + guestPageOffset(address)]);
    if (kind === 'w') bytes[frame + guestPageOffset(address)] = value;
    return 'ok';
  }
}

/** Maps lines inside a window of addresses without device and inode, and with short names for memory files. */
export function shortMaps(lines: readonly string[], [low, high]: readonly [number, number]): string {
  const short: string[] = [];
  for (const line of lines) {
    const parsed = /^(\w+)-(\w+) (\S+) (\S+) \S+ \S+ *(.*)$/.exec(line);
    if (parsed === null) continue;
    const [, start, end, rights, offset, name] = parsed;
    if (Number.parseInt(end, 16) <= low || Number.parseInt(start, 16) >= high) continue;
    const shown = name.replace(/^\/memfd:(\w+) \(deleted\)$/, '$1').replace('/dev/zero (deleted)', 'shared');
    short.push(`${start}-${end} ${rights} ${offset === '00000000' ? 0 : offset} ${shown}`.trimEnd());
  }
  return short.join('\n');
}
