// Public names of @elf/x86.
export {};
