// Public names of @elf/linux.
export {};
