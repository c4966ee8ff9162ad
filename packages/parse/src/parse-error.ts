// The only error this package throws for bad input: a code from a closed list, a byte offset and one plain sentence.

/**
 * Why an input was refused.
 *
 * - `bad-magic`: the bytes are not of this format.
 * - `bad-header`: the header contradicts itself or names a class, byte order or version that does not exist.
 * - `bad-entry-size`: a table says that its entries are smaller than the structure they hold.
 * - `bad-index`: an index points outside its table.
 * - `truncated`: a structure runs past the end of the input.
 * - `malformed`: the bytes are there but break the rules of their structure.
 * - `cycle`: a chain returns to an entry it has already visited.
 * - `limit`: the input asks for more than a limit that protects time and memory.
 * - `unsupported`: valid input that needs something the caller did not provide (a decompressor, for instance).
 */
export type ParseErrorCode =
  | 'bad-magic'
  | 'bad-header'
  | 'bad-entry-size'
  | 'bad-index'
  | 'truncated'
  | 'malformed'
  | 'cycle'
  | 'limit'
  | 'unsupported';

/** The format whose rules were broken. */
export type ParseErrorFormat = 'elf' | 'ar' | 'plan9' | 'script' | 'source';

// A registered symbol survives two copies of the package in one program, where `instanceof` does not.
const marker = Symbol.for('@elf/parse.ParseError');

/**
 * Bad input. Nothing else is thrown because of what a file contains; errors of the host (EIO, a failed fetch) pass through unchanged.
 *
 * @example
 * ```ts
 * try {
 *   parseElf(bytesSource(new Uint8Array(3)));
 * } catch (error) {
 *   if (ParseError.isInstance(error)) console.log(error.code, error.offset); // 'truncated' 0
 * }
 * ```
 */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  /** Why the input was refused. */
  readonly code: ParseErrorCode;
  /** Byte offset in the input of the thing that is wrong; bigint, because a header may claim any 64-bit offset. */
  readonly offset: bigint;
  /** Which format's rules were broken. */
  readonly format: ParseErrorFormat;

  constructor(code: ParseErrorCode, offset: bigint | number, format: ParseErrorFormat, sentence: string) {
    super(sentence);
    this.code = code;
    this.offset = BigInt(offset);
    this.format = format;
    Object.defineProperty(this, marker, { value: true });
  }

  /** True for a ParseError of this or any other copy of the package. */
  static isInstance(value: unknown): value is ParseError {
    return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[marker] === true;
  }
}
