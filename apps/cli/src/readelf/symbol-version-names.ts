// The version behind a dynamic symbol's name, in readelf's three spellings.

import type { ElfFile } from '@elf/parse';
import { readSymbolVersions, type SymbolVersions, VERSYM_HIDDEN } from '@elf/parse';

/** A symbol's version: `needed` comes from another file and shows its index, `hidden` is not the default version. */
export interface SymbolVersionName {
  readonly name: string;
  readonly kind: 'public' | 'hidden' | 'needed';
  readonly index: number;
}

/** Looks versions up by symbol index. Undefined when the file has no version table. */
export class SymbolVersionNames {
  readonly #indices: Uint16Array;
  readonly #defined = new Map<number, string>();
  readonly #needed = new Map<number, string>();

  constructor(versions: SymbolVersions, indices: Uint16Array) {
    this.#indices = indices;
    for (const { index, names } of versions.definitions)
      if (names.length > 0 && !this.#defined.has(index)) this.#defined.set(index, names[0].name);
    for (const { entries } of versions.needs)
      for (const { index, name } of entries) if (!this.#needed.has(index)) this.#needed.set(index, name);
  }

  /** The version of the symbol called `symbolName`; a version's own absolute symbol has none. */
  of(symbolIndex: number, isDefined: boolean, symbolName: string): SymbolVersionName | undefined {
    const field = this.#indices[symbolIndex];
    if (field === undefined) return undefined;
    const hidden = (field & VERSYM_HIDDEN) !== 0;
    if (!hidden && field < 2) return undefined;
    if (isDefined && field !== (VERSYM_HIDDEN | 1)) {
      const name = this.#defined.get(field & ~VERSYM_HIDDEN);
      if (name !== undefined)
        return name === symbolName ? undefined : { name, kind: hidden ? 'hidden' : 'public', index: field };
    }
    const name = this.#needed.get(field);
    return name === undefined ? undefined : { name, kind: 'needed', index: field };
  }
}

/** Opens the version tables of a file. */
export function symbolVersionNames(elf: ElfFile): SymbolVersionNames | undefined {
  const versions = readSymbolVersions(elf);
  return versions.indices && new SymbolVersionNames(versions, versions.indices);
}
