// table: names of e_type values.

/** File type by e_type (gABI chapter 4): the constant without ET_, and in words. */
export const FILE_TYPE_NAME: Readonly<Record<number, readonly [name: string, words: string]>> = {
  0: ['NONE', 'None'],
  1: ['REL', 'Relocatable file'],
  2: ['EXEC', 'Executable file'],
  3: ['DYN', 'Shared object file'],
  4: ['CORE', 'Core file'],
};
