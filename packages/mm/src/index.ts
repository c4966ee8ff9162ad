// Public names of @elf/mm.
export {};
