// Public names of @elf/machine/node.
export {};
