// Public names of @elf/pagesize.
export {};
