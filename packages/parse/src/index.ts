// Public names of @elf/parse.
export {};
