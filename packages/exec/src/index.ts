// Public names of @elf/exec.
export {};
