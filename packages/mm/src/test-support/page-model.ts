// The naive model of an address space: one record per page and loops over pages, written to be obviously right.
import { MemoryErrno } from '../errno.ts';
import { Access, FaultCause } from '../page-fault.ts';

export const PAGE = 4096;

/** A file, or shared anonymous memory: one number stands for the content of a page. */
export interface ModelFile {
  readonly values: Map<number, number>;
  readonly pages: number;
}

export interface ModelPage {
  protection: number;
  readonly shared: boolean;
  readonly file: ModelFile | undefined;
  readonly filePage: number;
  /** Content of a private page once it was stored to. */
  own: number | undefined;
  code: boolean;
}

export interface ModelLayout {
  readonly taskPages: number;
  readonly mmapBasePage: number;
  readonly minimumPage: number;
}

/** Page numbers instead of addresses everywhere. */
export class PageModel {
  readonly pages = new Map<number, ModelPage>();
  readonly layout: ModelLayout;
  breakStart = 0;
  breakCurrent = 0;

  constructor(layout: ModelLayout) {
    this.layout = layout;
  }

  isFree(first: number, count: number): boolean {
    for (let page = first; page < first + count; page++) if (this.pages.has(page)) return false;
    return true;
  }

  place(count: number, hint: number): number {
    const { minimumPage, mmapBasePage, taskPages } = this.layout;
    if (hint > 0) {
      const wanted = Math.max(hint, minimumPage);
      if (wanted + count <= taskPages && this.isFree(wanted, count)) return wanted;
    }
    for (let first = mmapBasePage - count; first >= minimumPage; first--) if (this.isFree(first, count)) return first;
    for (let first = Math.ceil(taskPages / 3); first + count <= taskPages; first++) {
      if (this.isFree(first, count)) return first;
    }
    return -MemoryErrno.ENOMEM;
  }

  map(
    first: number,
    count: number,
    protection: number,
    shared: boolean,
    file: ModelFile | undefined,
    filePage: number,
  ) {
    for (let i = 0; i < count; i++) {
      const page = { protection, shared, file, filePage: filePage + i, own: undefined, code: false };
      this.pages.set(first + i, page);
    }
  }

  unmap(first: number, count: number): void {
    for (let page = first; page < first + count; page++) this.pages.delete(page);
  }

  protect(first: number, count: number, protection: number): number {
    for (let number = first; number < first + count; number++) {
      const page = this.pages.get(number);
      if (page === undefined) return -MemoryErrno.ENOMEM;
      page.protection = protection;
      if (!(protection & 4)) page.code = false;
    }
    return 0;
  }

  discard(first: number, count: number): number {
    let result = 0;
    for (let number = first; number < first + count; number++) {
      const page = this.pages.get(number);
      if (page === undefined) result = -MemoryErrno.ENOMEM;
      else {
        page.own = undefined;
        page.code = false;
      }
    }
    return result;
  }

  move(first: number, count: number, target: number): void {
    const moved: ModelPage[] = [];
    for (let i = 0; i < count; i++) {
      moved.push(this.pages.get(first + i) as ModelPage);
      this.pages.delete(first + i);
    }
    moved.forEach((page, i) => {
      page.code = false;
      this.pages.set(target + i, page);
    });
  }

  /** Pages, in all models, that show the same file page as this one. */
  aliases(number: number, models: readonly PageModel[]): ModelPage[] {
    const { file, filePage } = this.pages.get(number) as ModelPage;
    if (file === undefined) return [];
    const shows = (page: ModelPage) => page.file === file && page.filePage === filePage && page.own === undefined;
    return models.flatMap((model) => [...model.pages.values()].filter(shows));
  }

  /** What `resolve` must answer: undefined for success, else the cause. */
  fault(number: number, access: Access, models: readonly PageModel[]): number | undefined {
    const page = this.pages.get(number);
    if (page === undefined) return FaultCause.MapError;
    const needed = access === Access.Read ? 7 : access === Access.Write ? 2 : 4;
    if (!(page.protection & needed)) return FaultCause.AccessError;
    const ownsFrame = page.own !== undefined;
    if (page.file && !ownsFrame && page.filePage >= page.file.pages) return FaultCause.BusError;
    if (access === Access.Write && page.code) return FaultCause.CodeWrite;
    if (access === Access.Write && page.shared && this.aliases(number, models).some(({ code }) => code)) {
      return FaultCause.CodeWrite;
    }
    return undefined;
  }

  read(number: number): number {
    const page = this.pages.get(number) as ModelPage;
    return page.own ?? page.file?.values.get(page.filePage) ?? 0;
  }

  write(number: number, value: number): void {
    const page = this.pages.get(number) as ModelPage;
    if (page.shared) page.file?.values.set(page.filePage, value);
    else page.own = value;
  }

  fork(): PageModel {
    const child = new PageModel(this.layout);
    child.breakStart = this.breakStart;
    child.breakCurrent = this.breakCurrent;
    for (const [number, page] of this.pages) child.pages.set(number, { ...page, code: false });
    return child;
  }
}
