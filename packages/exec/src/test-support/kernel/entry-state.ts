// The state before the first instruction in a form both sides can be put into, and the differences between two of them.
import { createHash } from 'node:crypto';

/** Everything a program can see of how it was started. */
export interface EntryState {
  readonly abi: string;
  /** Values in hexadecimal. */
  readonly registers: Readonly<Record<string, string>>;
  /** Lines of /proc/PID/maps without device and inode. */
  readonly maps: readonly string[];
  /** Numbers and values (hexadecimal), AT_NULL included. */
  readonly auxiliaryVector: readonly (readonly [number, string])[];
  /** From the stack pointer to the end of the area; recorded states keep the beginning of a long one. */
  readonly stack: Uint8Array;
  /** The bytes AT_RANDOM points at, in hexadecimal. */
  readonly random: string;
  /** Borders of /proc/PID/stat by name. */
  readonly marks: Readonly<Record<string, number>>;
  /** By area start (hexadecimal): 16 digits a page, dashes for a page that cannot be read. */
  readonly content: Readonly<Record<string, string>>;
}

/** Areas of the kernel's own: a comparison announces its vDSO and maps none. */
const KERNEL_AREA = /\[(vvar|vvar_vclock|vdso|vsyscall)\]$/;
/** Registers both sides state. Segments say the ABI, rflags is the processor's. */
const GENERAL_REGISTERS = 'rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip fs_base gs_base fcw mxcsr';
/** Longer contents are kept as a digest in recorded states. */
const LONGEST_CONTENT = 64;

/** Areas both sides have. */
export function comparableMaps(maps: readonly string[]): string[] {
  return maps.filter((line) => !KERNEL_AREA.test(line));
}

/** The differences between what we predict and what the kernel did, as lines; none when all agrees. */
export function differences(ours: EntryState, kernel: EntryState): string[] {
  const found: string[] = [];
  const compare = (what: string, mine: unknown, theirs: unknown) => {
    if (mine !== theirs) found.push(`${what}: ours ${mine}, kernel ${theirs}`);
  };
  compare('abi', ours.abi, kernel.abi);
  for (const name of GENERAL_REGISTERS.split(' '))
    compare(name, ours.registers[name] ?? '0', kernel.registers[name] ?? '0');
  const theirMaps = comparableMaps(kernel.maps);
  for (let line = 0; line < Math.max(ours.maps.length, theirMaps.length); line++) {
    compare(`maps line ${line + 1}`, ours.maps[line], theirMaps[line]);
  }
  for (let entry = 0; entry < Math.max(ours.auxiliaryVector.length, kernel.auxiliaryVector.length); entry++) {
    compare(
      `auxv entry ${entry + 1}`,
      ours.auxiliaryVector[entry]?.join('='),
      kernel.auxiliaryVector[entry]?.join('='),
    );
  }
  for (const [name, value] of Object.entries(kernel.marks)) compare(name, ours.marks[name], value);
  const different = kernel.stack.findIndex((byte, index) => byte !== ours.stack[index]);
  if (different >= 0) compare(`stack byte rsp+${different}`, ours.stack[different], kernel.stack[different]);
  for (const [start, pages] of Object.entries(kernel.content)) found.push(...contentDifference(start, ours, pages));
  return found;
}

function contentDifference(start: string, ours: EntryState, theirs: string): string[] {
  const mine = ours.content[start] ?? '';
  if (mine === theirs || digest(mine) === theirs) return [];
  const pages = (text: string) => text.match(/.{16}/g) ?? [];
  const page = pages(theirs).findIndex((hash, index) => hash !== pages(mine)[index]);
  return [`content of area ${start}, page ${page}: ours ${pages(mine)[page]}, kernel ${pages(theirs)[page]}`];
}

/** A short form of a long content. */
export function digest(content: string): string {
  if (content.length <= LONGEST_CONTENT) return content;
  return `sha256:${createHash('sha256').update(content).digest('hex').slice(0, 32)}`;
}
