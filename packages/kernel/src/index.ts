// Public names of @elf/kernel.
export {};
