// What the page policy of a machine did to a running program: the damaged ranges of its images, at their addresses in memory.
import { type Thread, toBytes } from '@elf/kernel';
import { type AddressRange, damage, damagedNames, imageFacts, measureDamage, type PagePolicy } from '@elf/pagesize';
import { type ElfFile, ParseError, PF, PT, parseElf } from '@elf/parse';
import { executableFiles } from './executable-files.ts';

/** Who maps the images in the kernel's place. */
export interface PolicyInForce {
  readonly policy: PagePolicy;
  /** Page of the modelled host in bytes. */
  readonly hostPageBytes: number;
}

/** A PT_LOAD of an image in memory. */
export interface LoadedSegment extends AddressRange {
  /** Place among the PT_LOADs of the file, from 0. */
  readonly index: number;
  /** As readelf shows them: "R E". */
  readonly flags: string;
}

/** A range whose bytes are wrong since the image was loaded. */
export interface DamagedMemory extends AddressRange {
  /** The PT_LOAD whose bytes are lost, and the one whose loading did it. */
  readonly lost: LoadedSegment;
  readonly by: LoadedSegment;
  /** The file whose bytes they should be. */
  readonly path: string;
  /** Bytes that differ from what the file says. */
  readonly differingBytes: number;
  /** Names of the sections in it; empty when the file has none. */
  readonly sections: readonly string[];
}

/** Types of entries of the auxiliary vector (getauxval(3)). */
const AT_BASE = 7;
const AT_ENTRY = 9;
/** Reading an image's damage must not hold a crash report up. */
const MOST_COMPARED_BYTES = 64 << 20;

/**
 * The damage in the images of a process: its program and its ELF interpreter. Files are read again, as they are now.
 * @returns ranges that differ by at least one byte, in address order within each image.
 */
export function damagedMemory({ kernel, process }: Thread, inForce: PolicyInForce): readonly DamagedMemory[] {
  const files = executableFiles(kernel, process);
  const open = (path: string): ElfFile | undefined => {
    const file = files.open(path, toBytes(path));
    return typeof file === 'number' ? undefined : tolerantly(() => parseElf(file.source, { permissive: true }));
  };
  const { executable, auxiliaryVector } = process.program;
  const program = open(executable);
  const auxiliary = auxiliaryValues(auxiliaryVector, program?.fileHeader.elfClass === 32 ? 4 : 8);
  const found: DamagedMemory[] = [];
  if (program !== undefined) {
    const bias = (auxiliary.get(AT_ENTRY) ?? 0n) - program.fileHeader.entry;
    found.push(...damageOf(program, executable, bias, inForce));
    const { interpreter: path } = program;
    const interpreter = path === undefined ? undefined : open(path);
    if (path !== undefined && interpreter !== undefined)
      found.push(...damageOf(interpreter, path, auxiliary.get(AT_BASE) ?? 0n, inForce));
  }
  files.close();
  return found;
}

function damageOf(elf: ElfFile, path: string, bias: bigint, { policy, hostPageBytes }: PolicyInForce): DamagedMemory[] {
  const loads = elf.programHeaders.filter(({ type }) => type === PT.LOAD);
  const plan = policy.plan(loads, hostPageBytes, imageFacts(elf.programHeaders));
  const { ranges } = measureDamage(damage(plan, loads), elf.source, { mostBytes: MOST_COMPARED_BYTES });
  const names = tolerantly(() => damagedNames(ranges, elf, { mostSymbols: 0 }));
  const loaded = (index: number): LoadedSegment => {
    const { vaddr, memsz, flags } = loads[index];
    return { index, flags: flagLetters(flags), start: vaddr + bias, end: vaddr + memsz + bias };
  };
  return ranges
    .map(({ start, end, differingBytes, segment, by }, index) => {
      const sections = names?.[index].sections.map(({ name }) => name) ?? [];
      const segments = { lost: loaded(segment), by: loaded(by) };
      return { path, start: start + bias, end: end + bias, differingBytes, sections, ...segments };
    })
    .filter(({ differingBytes }) => differingBytes > 0);
}

function flagLetters(flags: number): string {
  return `${flags & PF.R ? 'R' : ' '}${flags & PF.W ? 'W' : ' '}${flags & PF.X ? 'E' : ' '}`;
}

/** A damaged file has no ranges or names to show; anything else is our own bug. */
function tolerantly<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (ParseError.isInstance(error)) return undefined;
    throw error;
  }
}

/** Type and value of each entry; entries are pairs of the program's words. */
function auxiliaryValues(bytes: Uint8Array, wordBytes: 4 | 8): ReadonlyMap<number, bigint> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at: number) => (wordBytes === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true)));
  const values = new Map<number, bigint>();
  for (let at = 0; at + 2 * wordBytes <= bytes.byteLength; at += 2 * wordBytes)
    values.set(Number(word(at)), word(at + wordBytes));
  return values;
}
