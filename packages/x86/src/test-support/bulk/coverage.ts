// Which rows the bulk judge runs, and why it leaves some to the judge that runs single instructions (run-hardware.ts).

import type { TestedRow } from '../case-generator.ts';
import { TRANSCENDENTAL } from '../compare-case.ts';

const FAR = /^(retf|iret)$/;
const SELECTOR_READERS = /^(l[as][rl]|ver[rw]|arpl)$/;
const SEGMENT_LOADS = /^l[defgs]s$|^lss$/;

/** Why a row is not run in bulk; undefined for the rows that are. */
export function leftOut({ row, name }: TestedRow): string | undefined {
  const { text } = row.encoding;
  if (FAR.test(name) || (/^(jmp|call)$/.test(name) && /(^| )(ea|9a)( |$)|ff m/.test(text))) return 'far transfer';
  if (TRANSCENDENTAL.test(name)) return 'transcendental: exact to the last unit only';
  if (SELECTOR_READERS.test(name)) return "reads the kernel's descriptors";
  if (SEGMENT_LOADS.test(name) || row.operands.some(({ kind }) => kind.place === 'segment')) return 'segment register';
  if (/^(push|pop)$/.test(name) && /(^| )(06|07|0e|16|17|1e|1f|a0|a1|a8|a9)$/.test(text)) return 'segment register';
  if (/^wr[fg]sbase$/.test(name)) return 'segment base';
  return undefined;
}
