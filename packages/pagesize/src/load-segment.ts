// What a page policy knows of a segment: the PT_LOAD fields that decide where bytes come from.

/** The fields of one PT_LOAD, unbiased and named as in the gABI without `p_`; every `ProgramHeader` of `@elf/parse` is one. */
export interface LoadSegment {
  /** Its place in the program header table, for sentences; without it they count the PT_LOADs. */
  readonly index?: number;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly flags: number;
  readonly offset: bigint;
  readonly vaddr: bigint;
  readonly filesz: bigint;
  readonly memsz: bigint;
  readonly align: bigint;
}

/** Addresses `[start, end)`. */
export interface AddressRange {
  readonly start: bigint;
  readonly end: bigint;
}
