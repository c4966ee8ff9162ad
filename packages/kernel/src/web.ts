// Public names of @elf/kernel/web.
export {};
