// Which frames of file pages hold translated code, so that a store through any other mapping of the page is seen too.

/** What memory-wide changes need of an address space. */
export interface CodeSpace {
  /** Forgets the pages that map [start, end) of a file; private copies only when `withCopies`. */
  dropFilePages(identity: object, start: number, end: number, withCopies: boolean): void;
  /** Removes the mark of a page and tells the listeners that its code changed. */
  withdrawCode(pageAddress: number): void;
  /** Makes the next store to every writable mapping of a file page miss. */
  withdrawWrites(identity: object, filePage: number): void;
}

interface CodeMark {
  readonly space: CodeSpace;
  readonly page: number;
}

/**
 * Programs that generate code may map one page twice, writable here and executable there (.NET and libffi do, with memfd or
 * a temporary file), even in two processes. A mark in one page table is then not enough: it is also kept by frame.
 * Private pages have one mapping and never appear here.
 */
export class CodeFrames {
  /** Every live address space of the memory. */
  readonly spaces = new Set<CodeSpace>();
  readonly #marks = new Map<number, CodeMark[]>();

  /** Whether some page with this frame is marked. */
  has(frame: number): boolean {
    return this.#marks.has(frame);
  }

  /** Records a mark, and withdraws write access to the file page everywhere. */
  add(frame: number, space: CodeSpace, page: number, identity: object, filePage: number): void {
    const marks = this.#marks.get(frame);
    if (marks) marks.push({ space, page });
    else this.#marks.set(frame, [{ space, page }]);
    for (const each of this.spaces) each.withdrawWrites(identity, filePage);
  }

  /** Forgets the mark of one page; harmless when there is none. */
  remove(frame: number, space: CodeSpace, page: number): void {
    const marks = this.#marks.get(frame);
    if (marks === undefined) return;
    const left = marks.filter((mark) => mark.space !== space || mark.page !== page);
    if (left.length === 0) this.#marks.delete(frame);
    else this.#marks.set(frame, left);
  }

  /** The frame's content is about to change: removes every mark on it, telling the listeners of each. */
  announce(frame: number): void {
    const marks = this.#marks.get(frame);
    if (marks === undefined) return;
    this.#marks.delete(frame);
    for (const { space, page } of marks) space.withdrawCode(page);
  }
}
