// The Plan 9 personality: what makes a process of @elf/kernel a Plan 9 process.
export {};
