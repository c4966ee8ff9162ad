// The descriptor table of a process: small numbers for open file descriptions, shared between threads, copied by fork.
import { Errno } from './errno.ts';
import type { OpenDescription } from './files/open-description.ts';

interface Descriptor {
  readonly description: OpenDescription;
  closeOnExec: boolean;
}

/** Descriptors by number. Each entry holds one reference to its description. */
export class DescriptorTable {
  readonly #entries: (Descriptor | undefined)[] = [];
  /** RLIMIT_NOFILE: numbers at or above are refused with EMFILE. */
  limit = 1024;
  /** Hears of every descriptor of this table that is closed: record locks go with them. */
  onClose: ((description: OpenDescription, table: DescriptorTable) => void) | undefined;
  #owners = 1;

  /** The description behind a number, or undefined (EBADF). */
  get(number: number): OpenDescription | undefined {
    return this.#entries[number]?.description;
  }

  /** Puts a description (with the caller's reference) at the lowest free number from `minimum`. Returns it or -EMFILE. */
  insert(description: OpenDescription, closeOnExec = false, minimum = 0): number {
    let number = minimum;
    while (this.#entries[number] !== undefined) number++;
    if (number >= this.limit) {
      description.release();
      return -Errno.EMFILE;
    }
    this.#entries[number] = { description, closeOnExec };
    return number;
  }

  /** Puts a description at exactly this number; what was there is closed. */
  replace(number: number, description: OpenDescription, closeOnExec = false): number {
    if (number < 0 || number >= this.limit) {
      description.release();
      return -Errno.EBADF;
    }
    const old = this.#entries[number];
    this.#entries[number] = { description, closeOnExec };
    if (old !== undefined) this.#release(old);
    return number;
  }

  /** Closes a number. */
  close(number: number): number {
    const entry = this.#entries[number];
    if (entry === undefined) return -Errno.EBADF;
    this.#entries[number] = undefined;
    this.#release(entry);
    return 0;
  }

  #release({ description }: Descriptor): void {
    this.onClose?.(description, this);
    description.release();
  }

  closesOnExec(number: number): boolean {
    return this.#entries[number]?.closeOnExec ?? false;
  }

  setCloseOnExec(number: number, value: boolean): void {
    const entry = this.#entries[number];
    if (entry !== undefined) entry.closeOnExec = value;
  }

  /** The numbers in use, ascending. */
  numbers(): number[] {
    return [...this.#entries.keys()].filter((number) => this.#entries[number] !== undefined);
  }

  /** fork: the same descriptions under the same numbers. */
  copy(): DescriptorTable {
    const table = new DescriptorTable();
    table.limit = this.limit;
    for (const number of this.numbers()) {
      const entry = this.#entries[number] as Descriptor;
      table.#entries[number] = { description: entry.description.retain(), closeOnExec: entry.closeOnExec };
    }
    return table;
  }

  get isShared(): boolean {
    return this.#owners > 1;
  }

  /** CLONE_FILES: one more process uses this very table. */
  share(): this {
    this.#owners++;
    return this;
  }

  /** A table of the caller's own, as after fork: this one when nobody shares it. */
  unshare(): DescriptorTable {
    if (this.#owners === 1) return this;
    this.#owners--;
    return this.copy();
  }

  /** A process stops using the table; the last one closes everything. */
  release(): void {
    if (--this.#owners > 0) return;
    for (const number of this.numbers()) this.close(number);
  }

  /** The lowest number that is free once execve closed what is marked. */
  lowestFreeAfterExec(): number {
    let number = 0;
    while (this.#entries[number] !== undefined && !this.closesOnExec(number)) number++;
    return number;
  }

  /** execve: closes what is marked, on a copy when the table is shared. */
  prepareExec(): DescriptorTable {
    const table = this.unshare();
    for (const number of table.numbers()) if (table.closesOnExec(number)) table.close(number);
    return table;
  }
}
