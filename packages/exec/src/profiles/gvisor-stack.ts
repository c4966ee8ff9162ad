// The initial stack as gVisor writes it (pkg/sentry/loader/loader.go and pkg/sentry/arch/stack.go).
import { UserMemory } from '@elf/mm';
import { roundDown } from '@elf/pagesize';
import { auxiliaryVector, auxiliaryVectorBytes, wordsToBytes } from '../auxiliary-vector.ts';
import type { StackWriter } from '../stack-writer.ts';

const RANDOM_BYTES = 16;
/** Strings start below a multiple of this. */
const STRING_ALIGNMENT = 16;
/** gVisor ends on 32 where the ABI asks for 16. */
const STACK_ALIGNMENT = 32;

/**
 * From the top: file name, random bytes with a NUL after them, a gap, environment strings, argument strings, a gap, auxiliary
 * vector, environment pointers, argument pointers, argc. There is no platform name and no zero word at the top.
 */
export const writeGvisorStack: StackWriter = (space, binprm, request, facts, abi, layout) => {
  const user = new UserMemory(space);
  const { argv, envp, filename } = binprm;
  // The strings were put where Linux has them; here they lie elsewhere.
  if (!user.zero(binprm.cursor, layout.stackTop - binprm.cursor)) return undefined;
  const filenameAddress = layout.stackTop - (filename.length + 1);
  const randomAddress = filenameAddress - (RANDOM_BYTES + 1);
  const random = new Uint8Array(RANDOM_BYTES);
  request.entropy.fill(random);
  const environmentEnd = roundDown(randomAddress, STRING_ALIGNMENT);
  const environment = stringsBelow(envp, environmentEnd);
  const args = stringsBelow(argv, environment.start);
  const platformAddress = 0;
  const vector = auxiliaryVector({ ...facts, request, binprm, randomAddress, filenameAddress, platformAddress });
  const vectorBytes = auxiliaryVectorBytes(vector, abi.wordBytes);
  const pointers = wordsToBytes([argv.length, ...args.addresses, 0, ...environment.addresses, 0], abi.wordBytes);
  const stackPointer = roundDown(args.start - vectorBytes.length - pointers.length, STACK_ALIGNMENT);
  const isComplete =
    user.write(filenameAddress, filename) &&
    user.write(randomAddress, random) &&
    envp.every((string, index) => user.write(environment.addresses[index], string)) &&
    argv.every((string, index) => user.write(args.addresses[index], string)) &&
    user.write(stackPointer, pointers) &&
    user.write(stackPointer + pointers.length, vectorBytes);
  if (!isComplete) return undefined;
  return {
    stackPointer,
    argumentStart: args.start,
    argumentEnd: environment.start,
    environmentStart: environment.start,
    environmentEnd,
    auxiliaryVector: vector,
  };
};

/** Addresses of strings that end below `end`, the first one lowest, each with its NUL. */
function stringsBelow(strings: readonly Uint8Array[], end: number) {
  const addresses: number[] = [];
  let start = end;
  for (const string of strings.toReversed()) {
    start -= string.length + 1;
    addresses.unshift(start);
  }
  return { start, addresses };
}
