// Public names of @elf/machine.
export {};
