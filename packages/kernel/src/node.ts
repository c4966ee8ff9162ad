// Public names of @elf/kernel/node.
export {};
