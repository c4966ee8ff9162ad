// The vDSO: the shared object of the kernel in every process, its places, and who returns through it (man 7 vdso).
import { type AddressSpace, type Backing, bytesBacking, guestPageCeiling, GUEST_PAGE_BYTES } from '@elf/mm';
import {
  CONVENTION_I386,
  FUNCTIONS_I386,
  INTERRUPT_OFFSET,
  KERNEL_RT_SIGRETURN,
  KERNEL_SIGRETURN,
  KERNEL_VSYSCALL,
  SONAME_I386,
} from './functions-i386.ts';
import { CONVENTION_X86_64, FUNCTIONS_X86_64, SONAME_X86_64, VERSION } from './functions-x86-64.ts';
import { type SharedObject, sharedObject } from './shared-object.ts';

/** Name of its area in /proc/PID/maps. */
const AREA = '[vdso]';
/** LINUX_VERSION_CODE of the release uname(2) tells: 6.1.0. */
const KERNEL_VERSION = (6 << 16) | (1 << 8);
const EM_386 = 3;
const EM_X86_64 = 62;

/** An image as execve maps it. */
export interface VdsoImage {
  /** Its pages: header, tables and code. */
  readonly backing: Backing;
  readonly sizeInBytes: number;
  /** What lies below it, lowest first. Pages at and behind the end of the backing are SIGBUS. */
  readonly dataAreas: readonly { readonly name: string; readonly sizeInBytes: number; readonly backing: Backing }[];
  /** Offset of __kernel_vsyscall, for AT_SYSINFO. */
  readonly systemCallEntryOffset?: number;
}

/** Images by the ABI of the program. */
export interface VdsoImages {
  readonly 'x86-64': VdsoImage;
  readonly i386: VdsoImage;
}

const built = /* @__PURE__ */ new Map<number, SharedObject>();

function objectFor(machine: typeof EM_386 | typeof EM_X86_64): SharedObject {
  const known = built.get(machine);
  if (known !== undefined) return known;
  const common = { machine, kernelVersion: KERNEL_VERSION };
  const parts =
    machine === EM_386
      ? {
          ...{ convention: CONVENTION_I386, soname: SONAME_I386, versions: ['LINUX_2.6', 'LINUX_2.5'] },
          ...{ functions: FUNCTIONS_I386, entry: KERNEL_VSYSCALL },
        }
      : { convention: CONVENTION_X86_64, soname: SONAME_X86_64, versions: [VERSION], functions: FUNCTIONS_X86_64 };
  const made = sharedObject({ ...common, ...parts }, GUEST_PAGE_BYTES);
  built.set(machine, made);
  return made;
}

/**
 * The images of a machine. Their functions make the system calls of their names, so that -strace shows them; the data areas
 * are there for programs that look at their map, and nothing reads them.
 * @example
 * createProgramLoader({ vdso: createVdsoImages(), ...options });
 */
export function createVdsoImages(): VdsoImages {
  return { 'x86-64': imageOf(EM_X86_64), i386: imageOf(EM_386) };
}

function imageOf(machine: typeof EM_386 | typeof EM_X86_64): VdsoImage {
  const { bytes, addresses } = objectFor(machine);
  const pages = new Uint8Array(IMAGE_PAGES * GUEST_PAGE_BYTES);
  pages.set(bytes);
  return {
    backing: readOnly(pages),
    sizeInBytes: guestPageCeiling(pages.length),
    dataAreas: DATA_AREAS.map(({ name, areaPages, filledPages }) => ({
      name,
      sizeInBytes: areaPages * GUEST_PAGE_BYTES,
      backing: readOnly(new Uint8Array(filledPages * GUEST_PAGE_BYTES)),
    })),
    systemCallEntryOffset: addresses.get(KERNEL_VSYSCALL),
  };
}

/** Linux 6.18's image has two pages, and so has ours: what is mapped below it is where it is there. */
const IMAGE_PAGES = 2;
/** Clock data and the pages of virtual clocks, of which none is filled without a hypervisor (include/vdso/datapage.h, asm/vdso/vsyscall.h). */
// biome-ignore format: one row per line
const DATA_AREAS = [
  { name: '[vvar]',        areaPages: 4, filledPages: 4 },
  { name: '[vvar_vclock]', areaPages: 2, filledPages: 0 },
] as const;

/** A store through a private mapping copies the page, and nobody may map it shared. */
function readOnly(bytes: Uint8Array): Backing {
  return { ...bytesBacking(bytes), writeFrom: undefined };
}

/** Where the image of 32-bit programs is in a space, wherever mremap(2) put it; undefined when it is gone or another one. */
function addressI386(space: AddressSpace): number | undefined {
  const area = space.areas.find(({ name }) => name === AREA);
  if (area?.backing === undefined) return undefined;
  const header = new Uint8Array(20);
  area.backing.readInto(0, header);
  return header[18] === EM_386 ? area.start : undefined;
}

/** The restorer of a 32-bit handler that brings none of its own (arch/x86/kernel/signal_32.c). */
export function signalReturnI386(space: AddressSpace, isRealTime: boolean): number | undefined {
  return functionAddress(space, isRealTime ? KERNEL_RT_SIGRETURN : KERNEL_SIGRETURN);
}

/** Where SYSENTER of a 32-bit program enters and leaves: the INT 80h in __kernel_vsyscall. */
export function systemCallGateI386(space: AddressSpace): number | undefined {
  const door = functionAddress(space, KERNEL_VSYSCALL);
  return door === undefined ? undefined : door + INTERRUPT_OFFSET;
}

function functionAddress(space: AddressSpace, name: string): number | undefined {
  const base = addressI386(space);
  const offset = objectFor(EM_386).addresses.get(name);
  return base === undefined || offset === undefined ? undefined : base + offset;
}
