// Which CPUID features an instruction needs: a row's feature column, and what its 256-bit and register forms need beyond it.
import type { Encoding, InstructionFamily } from './row.ts';

/** The features of a row, all of which are needed; none for the base set. */
export function featuresOfRow({ feature }: InstructionFamily, position: number): readonly string[] {
  const text = typeof feature === 'string' ? feature : feature?.[position];
  return text === undefined || text === '' ? [] : text.split('+');
}

/** Instructions of AVX2 that stand in the files of their AVX sisters: 128-bit lanes of integers, and integers from memory to all elements. */
const AVX2_ALONE = /^v(pbroadcast|perm2i128|(broadcast|insert|extract)i128|pmaskmov)/;
/** AVX has the packed integer instructions on 128 bits, AVX2 on 256. These are float ones, or their 256-bit form came with AVX. */
const AVX2_WHEN_WIDE = /^v(p(?!test|ermil|erm2f128)|mpsadbw|movntdqa)/;
/** AVX broadcasts a float from memory, AVX2 from a register. */
const AVX2_WITH_REGISTER = /^vbroadcasts[sd]$/;

/**
 * What is left of a row's encoding on a CPU with those features: nothing, all of it, or what AVX alone has of it.
 * @param encoding the row's encoding in the mode that is asked for
 */
export function encodingWith(features: ReadonlySet<string>, family: InstructionFamily, position: number, encoding: Encoding): Encoding | undefined {
  const needed = featuresOfRow(family, position);
  if (needed.some((feature) => !features.has(feature))) return undefined;
  if (features.has('avx2') || !needed.includes('avx')) return encoding;
  const name = family.mnemonic + (family.suffixes?.[position] ?? '');
  if (AVX2_ALONE.test(name)) return undefined;
  if (AVX2_WITH_REGISTER.test(name)) return encoding.mod === 'register' ? undefined : { ...encoding, mod: 'memory' };
  if (!AVX2_WHEN_WIDE.test(name)) return encoding;
  return encoding.vexL === 1 ? undefined : { ...encoding, vexL: 0 };
}
