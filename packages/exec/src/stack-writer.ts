// The initial stack: strings, platform, random bytes, vectors and argc, laid out as Linux does (create_elf_tables).
import { type AddressSpace, Protection, UserMemory } from '@elf/mm';
import { guestPageAddress, roundDown } from '@elf/pagesize';
import { encodeText } from '@elf/parse';
import { type AuxiliaryEntry, type AuxiliaryFacts, auxiliaryVector, auxiliaryVectorBytes } from './auxiliary-vector.ts';
import type { Binprm } from './binprm.ts';
import type { ExecRequest } from './exec-request.ts';
import { X86_64_ABI } from './formats/elf-abi.ts';

const POINTER_BYTES = 8;
/** The System V ABI wants rsp 16-aligned at entry (AMD64 psABI 3.4.1). */
const STACK_ALIGNMENT = 16;
const RANDOM_BYTES = 16;
const TOP_WORD_BYTES = 8;

/** Facts the vector needs that are known before the stack is laid out. */
export type ImageFacts = Pick<
  AuxiliaryFacts,
  'programHeaderAddress' | 'programHeaderCount' | 'programHeaderBytes' | 'interpreterBase' | 'programEntry'
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

/**
 * Maps the stack area: the pages the strings need plus the growth the kernel adds at once (setup_arg_pages).
 * @returns the start of the area, or a negative error number.
 */
export function mapStack(
  space: AddressSpace,
  binprm: Binprm,
  stackTop: number,
  growthBytes: number,
  isExecutable: boolean,
): number {
  const used = guestPageAddress(binprm.cursor);
  const limit = guestPageAddress(Math.min(space.layout.stackLimitInBytes, stackTop));
  const start = Math.max(stackTop - Math.max(limit, stackTop - used), used - growthBytes);
  return space.map({
    address: start,
    length: stackTop - start,
    protection: Protection.Read | Protection.Write | (isExecutable ? Protection.Execute : 0),
    fixed: 'no-replace',
    growsDown: true,
  });
}

/**
 * Writes everything above the stack pointer. From the top: 8 zero bytes, file name, environment, arguments, gap, platform,
 * random bytes, padding, auxiliary vector, environment pointers, argument pointers, argc.
 * @returns the addresses, or undefined when the stack cannot be written (EFAULT).
 */
export function writeStack(
  space: AddressSpace,
  binprm: Binprm,
  request: ExecRequest,
  facts: ImageFacts,
  stackTop: number,
): InitialStack | undefined {
  const user = new UserMemory(space);
  const { argv, envp, filename } = binprm;
  const filenameAddress = stackTop - TOP_WORD_BYTES - (filename.length + 1);
  const environmentStart = filenameAddress - totalBytes(envp);
  const argumentStart = environmentStart - totalBytes(argv);
  const written =
    user.write(filenameAddress, filename) &&
    writeStrings(user, envp, environmentStart) &&
    writeStrings(user, argv, argumentStart);
  if (!written) return undefined;

  const platform = encodeText(`${X86_64_ABI.platform}\0`);
  const platformAddress = roundDown(argumentStart, STACK_ALIGNMENT) - platform.length;
  const randomAddress = platformAddress - RANDOM_BYTES;
  const random = new Uint8Array(RANDOM_BYTES);
  request.entropy.fill(random);

  const vector = auxiliaryVector({ ...facts, request, binprm, randomAddress, filenameAddress, platformAddress });
  const vectorBytes = vector.length * 2 * POINTER_BYTES;
  const pointerCount = 1 + (argv.length + 1) + (envp.length + 1);
  const lowest = randomAddress - vectorBytes - pointerCount * POINTER_BYTES;
  // Only the result is aligned: the padding ends up between AT_NULL and the random bytes.
  const stackPointer = roundDown(lowest, STACK_ALIGNMENT);

  const pointers = new DataView(new ArrayBuffer(pointerCount * POINTER_BYTES));
  pointers.setBigUint64(0, BigInt(argv.length), true);
  const afterArguments = putPointers(pointers, POINTER_BYTES, argv, argumentStart);
  putPointers(pointers, afterArguments, envp, environmentStart);
  const complete =
    user.write(platformAddress, platform) &&
    user.write(randomAddress, random) &&
    user.write(stackPointer, new Uint8Array(pointers.buffer)) &&
    user.write(stackPointer + pointers.byteLength, auxiliaryVectorBytes(vector));
  if (!complete) return undefined;
  return {
    stackPointer,
    argumentStart,
    argumentEnd: environmentStart,
    environmentStart,
    environmentEnd: filenameAddress,
    auxiliaryVector: vector,
  };
}

function totalBytes(strings: readonly Uint8Array[]): number {
  return strings.reduce((sum, string) => sum + string.length + 1, 0);
}

/** Strings one after the other, each with its NUL; the memory is fresh, so the NULs are there already. */
function writeStrings(user: UserMemory, strings: readonly Uint8Array[], start: number): boolean {
  let address = start;
  for (const string of strings) {
    if (!user.write(address, string)) return false;
    address += string.length + 1;
  }
  return true;
}

/** Stores the addresses of strings and a null pointer at byte `offset`; returns the offset behind them. */
function putPointers(view: DataView, offset: number, strings: readonly Uint8Array[], start: number): number {
  let address = start;
  let next = offset;
  for (const string of strings) {
    view.setBigUint64(next, BigInt(address), true);
    address += string.length + 1;
    next += POINTER_BYTES;
  }
  return next + POINTER_BYTES;
}
