// NT_PRSTATUS of a core file: one thread, the signal it got and its general registers (struct elf_prstatus).
import type { ByteReader } from '../../../byte-reader.ts';
import type { ElfFile } from '../elf.ts';

/** One thread of a core file. Times are in seconds. */
export interface ProcessStatus {
  readonly kind: 'core-thread';
  readonly signal: number;
  readonly signalCode: number;
  readonly signalError: number;
  readonly pendingSignals: bigint;
  readonly heldSignals: bigint;
  readonly pid: number;
  readonly ppid: number;
  readonly pgrp: number;
  readonly sid: number;
  readonly userTime: number;
  readonly systemTime: number;
  /** The general registers in the kernel's order (user_regs_struct); `name` is "r0", "r1" ... where this package has no names. */
  readonly registers: ReadonlyArray<{ readonly name: string; readonly value: bigint }>;
}

const EM_386 = 3;
const EM_X86_64 = 62;

// arch/x86/include/asm/user_64.h and user_32.h.
const NAMES_X86_64 =
  'r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base ds es fs gs';
const NAMES_386 = 'ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss';

/** Decodes the structure; undefined when it is too short to be one. */
export function decodeProcessStatus(elf: ElfFile, reader: ByteReader): ProcessStatus | undefined {
  const word = elf.wordSize;
  // Signal numbers, two signal masks, four ids, four times, registers, then a flag padded to a word.
  const masksAt = 16;
  const idsAt = masksAt + 2 * word;
  const timesAt = idsAt + 16;
  const registersAt = timesAt + 8 * word;
  if (reader.length < registersAt + 4) return undefined;
  const names = registerNames(elf.fileHeader.machine);
  const room = Math.floor((reader.length - registersAt - 4) / word);
  const time = (at: number) => Number(reader.signedWord(at, word)) + Number(reader.signedWord(at + word, word)) / 1e6;
  return {
    kind: 'core-thread',
    signal: reader.i16(12),
    signalCode: reader.i32(4),
    signalError: reader.i32(8),
    pendingSignals: reader.word(masksAt, word),
    heldSignals: reader.word(masksAt + word, word),
    pid: reader.i32(idsAt),
    ppid: reader.i32(idsAt + 4),
    pgrp: reader.i32(idsAt + 8),
    sid: reader.i32(idsAt + 12),
    userTime: time(timesAt),
    systemTime: time(timesAt + 2 * word),
    registers: Array.from({ length: Math.min(room, names?.length ?? room) }, (_, index) => ({
      name: names?.[index] ?? `r${index}`,
      value: reader.word(registersAt + index * word, word),
    })),
  };
}

function registerNames(machine: number): readonly string[] | undefined {
  if (machine === EM_X86_64) return NAMES_X86_64.split(' ');
  return machine === EM_386 ? NAMES_386.split(' ') : undefined;
}
