// table: the descriptors that Linux's GDT has for user programs, and what selecting one comes to (arch/x86/include/asm/segment.h, SDM vol. 3A, section 3.4.5).
/** Encoding numbers of the segment registers. */
export const Segment = { es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 } as const;
/** Selectors of the flat segments, with privilege level 3. */
export const CODE_32 = 0x23;
export const DATA = 0x2b;
export const CODE_64 = 0x33;
/** First of the three thread-local descriptors: GDT_ENTRY_TLS_MIN. */
export const FIRST_THREAD_ENTRY = 12;

/** A descriptor that user code can select. Access rights are bits 8-23 of its second word, as LAR gives them. */
export interface Descriptor {
  readonly base: number;
  readonly rights: number;
  readonly limit: number;
  readonly isCode: boolean;
  readonly isReadable: boolean;
  readonly isWritable: boolean;
  /** Loading it raises #NP. */
  readonly isAbsent?: boolean;
}

const flat = (rights: number, isCode: boolean): Descriptor => ({
  base: 0,
  rights,
  limit: 0xffff_ffff,
  isCode,
  isReadable: true,
  isWritable: !isCode,
});
/** The bit that set_thread_area(2) takes from its argument, where C libraries set it. */
const USEABLE = 0x10_0000;
const code32 = /* @__PURE__ */ flat(0xcffb00, true);
const data32 = /* @__PURE__ */ flat(0xcff300, false);
/** Its limit tells processor and node, both 0 as in TSC_AUX: GDT_ENTRY_CPUNODE, expand-down and read-only. */
const PROCESSOR_ENTRY = 15;
const processor: Descriptor = {
  base: 0,
  rights: 0x40f500,
  limit: 0,
  isCode: false,
  isReadable: true,
  isWritable: false,
};
const code64 = /* @__PURE__ */ flat(0xaffb00, true);

/** Bit 2 of a selector asks for the local descriptor table. */
export const LOCAL_TABLE = 4;

/** A descriptor from its two words (SDM vol. 3A, figure 3-8); undefined for one that is no segment, such as an empty one. */
function descriptorFromWords(low: number, high: number): Descriptor | undefined {
  const bit = (number: number) => ((high >>> number) & 1) !== 0;
  if (!bit(12)) return undefined;
  const limit = (low & 0xffff) | (high & 0xf_0000);
  const isCode = bit(11);
  return {
    base: ((low >>> 16) | ((high & 0xff) << 16) | (high & 0xff00_0000)) >>> 0,
    rights: high & 0xff_ff00,
    limit: bit(23) ? limit * 4096 + 4095 : limit, // not a page size: the unit of limits
    isCode,
    isReadable: !isCode || bit(9),
    isWritable: !isCode && bit(9),
    isAbsent: !bit(15),
  };
}

/**
 * The descriptor of a selector for code at privilege level 3, undefined where there is none, it is empty, or it belongs to the kernel.
 * @param threadBase base of a thread-local descriptor by number, undefined while it is empty
 * @param local the words of the local descriptor table
 */
export function descriptorOf(
  selector: number,
  threadBase: (index: number) => number | undefined,
  local?: Uint32Array,
): Descriptor | undefined {
  if ((selector & LOCAL_TABLE) !== 0) {
    const word = (selector >>> 3) * 2;
    return local === undefined || word >= local.length ? undefined : descriptorFromWords(local[word], local[word + 1]);
  }
  const entry = selector >>> 3;
  if (entry === CODE_32 >>> 3) return code32;
  if (entry === DATA >>> 3) return data32;
  if (entry === CODE_64 >>> 3) return code64;
  if (entry === PROCESSOR_ENTRY) return processor;
  const thread = entry - FIRST_THREAD_ENTRY;
  if (thread < 0 || thread > 2) return undefined;
  const base = threadBase(thread);
  return base === undefined ? undefined : { ...data32, base, rights: data32.rights | USEABLE };
}
