// The initial stack: strings, platform, random bytes, vectors and argc, laid out as Linux does (create_elf_tables).
import { type AddressSpace, Protection, UserMemory } from '@elf/mm';
import { roundDown } from '@elf/pagesize';
import { encodeText } from '@elf/parse';
import {
  type AuxiliaryEntry,
  type AuxiliaryFacts,
  auxiliaryVector,
  auxiliaryVectorBytes,
  wordsToBytes,
} from './auxiliary-vector.ts';
import type { Binprm } from './binprm.ts';
import { ExecErrno } from './exec-errno.ts';
import type { ExecRequest } from './exec-request.ts';
import type { ElfAbi } from './formats/elf-abi.ts';
import type { StartLayout } from './start-layout.ts';

/** Both ABIs want the stack pointer 16-aligned at entry (AMD64 psABI 3.4.1, i386 psABI 2.3.1). */
const STACK_ALIGNMENT = 16;
const RANDOM_BYTES = 16;
/** MAX_ARG_STRLEN. */
const MAXIMUM_STRING_BYTES = 131072;
/** A pointer of the kernel, whatever the program's width: the strings are copied before the format is known. */
const TOP_WORD_BYTES = 8;

/** Facts the vector needs that are known before the stack is laid out. */
export type ImageFacts = Pick<
  AuxiliaryFacts,
  | 'programHeaderAddress'
  | 'programHeaderCount'
  | 'programHeaderBytes'
  | 'interpreterBase'
  | 'programEntry'
  | 'pageBytes'
  | 'vdso'
>;

/** Addresses on the finished stack. */
export interface InitialStack {
  readonly stackPointer: number;
  readonly argumentStart: number;
  readonly argumentEnd: number;
  readonly environmentStart: number;
  readonly environmentEnd: number;
  readonly auxiliaryVector: readonly AuxiliaryEntry[];
}

/** Writes what lies between the stack pointer and the strings; undefined when the stack cannot be written. */
export type StackWriter = (
  space: AddressSpace,
  binprm: Binprm,
  request: ExecRequest,
  facts: ImageFacts,
  abi: ElfAbi,
  layout: StartLayout,
) => InitialStack | undefined;

/**
 * Maps the stack area and moves the strings into it: the pages they need plus the growth the kernel adds at once
 * (setup_arg_pages). A PT_LOAD that is mapped over them later takes them away, as on Linux.
 * @returns the start of the area, or a negative error number.
 */
export function mapStack(
  space: AddressSpace,
  binprm: Binprm,
  layout: StartLayout,
  pageBytes: number,
  isExecutable: boolean,
): number {
  const { stackTop, initialStackGrowth } = layout;
  binprm.moveTo(stackTop);
  const used = roundDown(binprm.cursor, pageBytes);
  const limit = roundDown(Math.min(space.layout.stackLimitInBytes, stackTop), pageBytes);
  const start = Math.max(stackTop - Math.max(limit, stackTop - used), used - initialStackGrowth);
  const mapped = space.map({
    address: start,
    length: stackTop - start,
    protection: Protection.Read | Protection.Write | (isExecutable ? Protection.Execute : 0),
    fixed: 'no-replace',
    growsDown: true,
  });
  if (mapped < 0) return mapped;
  const user = new UserMemory(space);
  const { argumentStart, environmentStart, filenameAddress } = stringPlaces(binprm);
  const isWritten =
    user.write(filenameAddress, binprm.filename) &&
    writeStrings(user, binprm.envp, environmentStart) &&
    writeStrings(user, binprm.argv, argumentStart);
  return isWritten ? mapped : -ExecErrno.ENOMEM;
}

/**
 * Writes everything between the stack pointer and the strings. From the top: 8 zero bytes, file name, environment, arguments,
 * gap, platform, random bytes, padding, auxiliary vector, environment pointers, argument pointers, argc.
 * @returns the addresses, or undefined when the stack cannot be written, or a string on it no longer ends.
 */
export function writeStack(
  space: AddressSpace,
  binprm: Binprm,
  request: ExecRequest,
  facts: ImageFacts,
  abi: ElfAbi,
  layout: StartLayout,
): InitialStack | undefined {
  const user = new UserMemory(space);
  const { argv, envp } = binprm;
  const { wordBytes } = abi;
  const { argumentStart, filenameAddress } = stringPlaces(binprm);
  const argumentAddresses = findStrings(user, argv.length, argumentStart);
  const environmentStart = argumentAddresses?.at(-1);
  const environmentAddresses = environmentStart && findStrings(user, envp.length, environmentStart);
  if (!argumentAddresses || !environmentStart || !environmentAddresses) return undefined;

  const platform = encodeText(`${abi.platform}\0`);
  const belowStrings = argumentStart - (layout.randomization?.stackFineOffset ?? 0);
  const platformAddress = roundDown(belowStrings, STACK_ALIGNMENT) - platform.length;
  const randomAddress = platformAddress - RANDOM_BYTES;
  const random = new Uint8Array(RANDOM_BYTES);
  request.entropy.fill(random);

  const vector = auxiliaryVector({ ...facts, request, binprm, randomAddress, filenameAddress, platformAddress });
  const vectorBytes = auxiliaryVectorBytes(vector, wordBytes);
  const pointers = wordsToBytes(
    [argv.length, ...argumentAddresses.slice(0, -1), 0, ...environmentAddresses.slice(0, -1), 0],
    wordBytes,
  );
  // Only the result is aligned: the padding ends up between AT_NULL and the random bytes.
  const stackPointer = roundDown(randomAddress - vectorBytes.length - pointers.length, STACK_ALIGNMENT);
  const isComplete =
    user.write(platformAddress, platform) &&
    user.write(randomAddress, random) &&
    user.write(stackPointer, pointers) &&
    user.write(stackPointer + pointers.length, vectorBytes);
  if (!isComplete) return undefined;
  return {
    stackPointer,
    argumentStart,
    argumentEnd: environmentStart,
    environmentStart,
    environmentEnd: environmentAddresses[envp.length],
    auxiliaryVector: vector,
  };
}

/** Where the strings lie: the file name highest, below it the environment, below that the arguments. */
function stringPlaces({ stackTop, filename, envp, argv }: Binprm) {
  const filenameAddress = stackTop - TOP_WORD_BYTES - (filename.length + 1);
  const environmentStart = filenameAddress - totalBytes(envp);
  return { filenameAddress, environmentStart, argumentStart: environmentStart - totalBytes(argv) };
}

function totalBytes(strings: readonly Uint8Array[]): number {
  return strings.reduce((sum, string) => sum + string.length + 1, 0);
}

/** Strings one after the other, each with its NUL; the memory is fresh, so the NULs are there already. */
function writeStrings(user: UserMemory, strings: readonly Uint8Array[], start: number): boolean {
  const addresses = addressesOf(strings, start);
  return strings.every((string, index) => user.write(addresses[index], string));
}

/**
 * The addresses of `count` strings from `start` on and the address behind the last, found by their NULs: a segment that was
 * mapped over them has changed them (create_elf_tables, strnlen_user). Undefined when one does not end.
 */
function findStrings(user: UserMemory, count: number, start: number): number[] | undefined {
  const addresses = [start];
  for (let next = start; addresses.length <= count; addresses.push(next)) {
    const string = user.readCString(next, MAXIMUM_STRING_BYTES);
    if (string === undefined || string.length === MAXIMUM_STRING_BYTES) return undefined;
    next += string.length + 1;
  }
  return addresses;
}

/** The address of each string when they lie one after the other from `start`. */
function addressesOf(strings: readonly Uint8Array[], start: number): number[] {
  let next = start;
  return strings.map((string) => {
    const address = next;
    next += string.length + 1;
    return address;
  });
}
