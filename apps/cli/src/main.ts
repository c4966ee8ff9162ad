// The elf command.
export {};
