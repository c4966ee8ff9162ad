// Public names of @elf/parse/interp.
export {};
