// The target description: the registers as XML, from their rows (GDB manual, appendix G).
import type { RegisterRow } from './registers.ts';

/** Names and bit numbers (SDM vol. 1, figures 3-8 and 10-3). */
// biome-ignore format: a table
const EFLAGS: readonly (readonly [string, number])[] = [
  ['CF', 0], ['', 1], ['PF', 2], ['AF', 4], ['ZF', 6], ['SF', 7], ['TF', 8], ['IF', 9], ['DF', 10], ['OF', 11], ['NT', 14], ['RF', 16],
  ['VM', 17], ['AC', 18], ['VIF', 19], ['VIP', 20], ['ID', 21],
];
// biome-ignore format: a table
const MXCSR: readonly (readonly [string, number])[] = [
  ['IE', 0], ['DE', 1], ['ZE', 2], ['OE', 3], ['UE', 4], ['PE', 5], ['DAZ', 6], ['IM', 7], ['DM', 8], ['ZM', 9], ['OM', 10], ['UM', 11],
  ['PM', 12], ['FZ', 15],
];
/** The ways to look at a vector register. */
// biome-ignore format: a table
const VECTORS = [
  ['v4_float', 'v4f', 'ieee_single', 4], ['v2_double', 'v2d', 'ieee_double', 2], ['v16_int8', 'v16i8', 'int8', 16],
  ['v8_int16', 'v8i16', 'int16', 8], ['v4_int32', 'v4i32', 'int32', 4], ['v2_int64', 'v2i64', 'int64', 2],
] as const;

const FEATURES = ['core', 'sse', 'avx', 'linux', 'segments'] as const;

/**
 * target.xml.
 * @example
 * targetDescription(64, registerRows(64, true))   // '<?xml version="1.0"?>...'
 */
export function targetDescription(mode: 32 | 64, rows: readonly RegisterRow[]): string {
  const features = FEATURES.map((feature) => {
    const own = rows.flatMap((row, number) => (row.feature === feature ? [registerText(row, number)] : []));
    return own.length === 0
      ? ''
      : `<feature name="org.gnu.gdb.i386.${feature}">\n${typesOf(feature)}${own.join('')}</feature>\n`;
  });
  const architecture = mode === 64 ? 'i386:x86-64' : 'i386';
  return `<?xml version="1.0"?>\n<!DOCTYPE target SYSTEM "gdb-target.dtd">\n<target version="1.0">\n<architecture>${architecture}</architecture>\n<osabi>GNU/Linux</osabi>\n${features.join('')}</target>\n`;
}

function registerText({ name, bytes, type, group }: RegisterRow, number: number): string {
  const inGroup = group === undefined ? '' : ` group="${group}"`;
  return `<reg name="${name}" bitsize="${bytes * 8}" type="${type}" regnum="${number}"${inGroup}/>\n`;
}

function typesOf(feature: string): string {
  if (feature === 'core') return flagsText('i386_eflags', EFLAGS);
  if (feature !== 'sse') return '';
  const vectors = VECTORS.map(([, id, type, count]) => `<vector id="${id}" type="${type}" count="${count}"/>\n`);
  const fields = VECTORS.map(([name, id]) => `<field name="${name}" type="${id}"/>\n`);
  const union = `<union id="vec128">\n${fields.join('')}<field name="uint128" type="uint128"/>\n</union>\n`;
  return `${vectors.join('')}${union}${flagsText('i386_mxcsr', MXCSR)}`;
}

function flagsText(id: string, bits: readonly (readonly [string, number])[]): string {
  const fields = bits.map(([name, bit]) => `<field name="${name}" start="${bit}" end="${bit}"/>\n`);
  return `<flags id="${id}" size="4">\n${fields.join('')}</flags>\n`;
}
