// The flags of personality(2) that a caller hands on to the new program, as far as execve obeys them.
import { roundUp } from '@elf/pagesize';
import type { ExecRecord } from './exec-record.ts';
import type { ExecFile, ExecRequest } from './exec-request.ts';
import { setsIdentity } from './file-credentials.ts';
import type { ElfAbi } from './formats/elf-abi.ts';
import type { LoaderLayout } from './loader-profile.ts';

/** Bits of include/uapi/linux/personality.h; setarch(8) sets them: -R, -Z, -L, -X and -3. */
export const PersonalityFlag = {
  AddressNoRandomize: 0x004_0000,
  MmapPageZero: 0x010_0000,
  AddressCompatLayout: 0x020_0000,
  ReadImpliesExecute: 0x040_0000,
  AddressLimit3Gb: 0x800_0000,
} as const;

/** PER_CLEAR_ON_SETID: what a program with more rights than its caller does not inherit. */
const CLEARED_BY_SET_ID =
  PersonalityFlag.AddressNoRandomize |
  PersonalityFlag.MmapPageZero |
  PersonalityFlag.AddressCompatLayout |
  PersonalityFlag.ReadImpliesExecute;
/** IA32_PAGE_OFFSET with ADDR_LIMIT_3GB. */
const THREE_GIGABYTES = 0xc000_0000;

/**
 * The flags the new program starts with (fs/exec.c, begin_new_exec; arch/x86/kernel/process_64.c, set_personality_64bit, which
 * forgets READ_IMPLIES_EXEC).
 */
export function inheritedFlags(request: ExecRequest, file: ExecFile, abi: ElfAbi, record: ExecRecord): number {
  const { personalityFlags = 0 } = request;
  if (personalityFlags === 0) return 0;
  const afterSetId = setsIdentity(file) ? personalityFlags & ~CLEARED_BY_SET_ID : personalityFlags;
  const flags = abi.elfClass === 64 ? afterSetId & ~PersonalityFlag.ReadImpliesExecute : afterSetId;
  record.add({
    step: 'inherit personality',
    kernelFunction: 'begin_new_exec',
    inputs: { caller: `0x${personalityFlags.toString(16)}`, setsIdentity: setsIdentity(file) },
    decision: `the program starts with the flags 0x${flags.toString(16)}`,
  });
  return flags;
}

/** A layout under the flags: i386 programs may be kept below 3 GiB (arch/x86/include/asm/page_64_types.h). */
export function limitedLayout(layout: LoaderLayout, flags: number, abi: ElfAbi, pageBytes: number): LoaderLayout {
  if (abi.elfClass === 64 || !(flags & PersonalityFlag.AddressLimit3Gb)) return layout;
  const gap = layout.dynamicBase - roundUp(layout.taskSize / 3, pageBytes);
  const dynamicBase = roundUp(THREE_GIGABYTES / 3, pageBytes) + gap;
  return { ...layout, taskSize: THREE_GIGABYTES, stackTop: THREE_GIGABYTES, dynamicBase };
}
