// Public names of @elf/x86/disassemble: instructions as text, from the rows that the decoder reads.
export { Disassembler, type DisassemblerOptions } from './disassemble/disassembler.ts';
