// Looks at damaged ranges of one file: bytes that differ and names. Loaders that do the same damage are answered once, within one budget.
import { type DamagedRange, damagedNames, type MeasuredRange, measureDamage, type NamedImage } from '@elf/pagesize';
import type { CheckOptions } from '../check-options.ts';
import type { DamageEvidence, FindingEvidence } from '../finding.ts';
import type { ImageFacts } from '../image-facts.ts';

/** Bytes compared for one file: overlapping segments of a hostile one could claim gigabytes. */
const MOST_COMPARED_BYTES = 16 << 20;
/** Larger symbol tables are not walked; sections still are named. */
const MOST_SYMBOLS = 500_000;
const MOST_SYMBOLS_SHOWN = 32;

/** The evidence for damaged ranges of one file. */
export class DamageLens {
  readonly #facts: ImageFacts;
  readonly #isMeasuring: boolean;
  readonly #naming: CheckOptions['naming'];
  readonly #known = new Map<string, FindingEvidence>();
  #left = MOST_COMPARED_BYTES;

  constructor(facts: ImageFacts, options: CheckOptions) {
    this.#facts = facts;
    this.#isMeasuring = options.measureDamage !== false;
    this.#naming = options.naming;
  }

  look(ranges: readonly DamagedRange[]): FindingEvidence {
    const key = ranges.map(rangeKey).join(' ');
    const known = this.#known.get(key) ?? this.#evidence(ranges);
    this.#known.set(key, known);
    return known;
  }

  #evidence(ranges: readonly DamagedRange[]): FindingEvidence {
    const names = this.#names(ranges);
    if (!this.#isMeasuring) return { ...names, ranges: ranges.map((range) => this.#rangeEvidence(range)) };
    const measured = measureDamage(ranges, this.#facts.source, { mostBytes: this.#left });
    this.#left -= Number(ranges.reduce((sum, { start, end }) => sum + (end - start), 0n));
    if (this.#left < 0) this.#left = 0;
    return {
      ...names,
      differingBytes: measured.differingBytes,
      ...(measured.isComplete ? {} : { isLowerBound: true }),
      ranges: measured.ranges.map((range) => this.#rangeEvidence(range, range)),
    };
  }

  /** The policies count PT_LOADs, people count program headers. */
  #rangeEvidence(range: DamagedRange, measured?: MeasuredRange): DamageEvidence {
    const { start, end, wanted, got } = range;
    const header = (load: number) => this.#facts.loads[load].index;
    const excerpt = measured?.excerpt;
    return {
      start,
      end,
      wanted,
      got,
      segment: header(range.segment),
      by: header(range.by),
      ...(measured === undefined ? {} : { differingBytes: measured.differingBytes }),
      ...(excerpt === undefined
        ? {}
        : { firstDifference: excerpt.address, before: excerpt.before, after: excerpt.after }),
    };
  }

  #names(ranges: readonly DamagedRange[]): Pick<FindingEvidence, 'names' | 'symbols'> {
    if (this.#naming === 'nothing') return {};
    const { elf } = this.#facts;
    const image: NamedImage = {
      sectionHeaders: elf.sectionHeaders,
      sectionName: (index) => elf.sectionName(index),
      symbols: (table) => {
        if (this.#naming === 'sections') return undefined;
        const symbols = elf.symbols(table);
        return symbols === undefined || symbols.count > MOST_SYMBOLS ? undefined : symbols;
      },
    };
    const named = damagedNames(ranges, image, { mostSymbols: MOST_SYMBOLS_SHOWN });
    const unique = (list: readonly { readonly name: string }[]) =>
      [...new Set(list.map(({ name }) => name))].filter((name) => name !== '');
    const symbols = unique(named.flatMap((range) => range.symbols)).slice(0, MOST_SYMBOLS_SHOWN);
    return { names: unique(named.flatMap(({ sections }) => sections)), ...(symbols.length === 0 ? {} : { symbols }) };
  }
}

function rangeKey({ start, end, wanted, got, segment, by }: DamagedRange): string {
  const text = (from: DamagedRange['wanted']) => (from.kind === 'file' ? from.fileOffset.toString(36) : from.kind);
  return `${start.toString(36)}-${end.toString(36)}:${text(wanted)}:${text(got)}:${segment}:${by}`;
}
