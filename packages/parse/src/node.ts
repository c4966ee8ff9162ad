// Public names of @elf/parse/node.
export {};
