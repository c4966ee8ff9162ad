// Answers for most files, without planning, that a page policy can do no harm: no two segments meet in a host page, and all fit its grid.
import { findPagePolicy, type ImagePlan, type MemoryAction } from '@elf/pagesize';
import { PF, type ProgramHeader } from '@elf/parse';

/** Policies that load every such layout as Linux on 4 KiB pages does; others check more than pages, or have a page of their own. */
const SCREENED: ReadonlySet<string> = new Set([
  'linux',
  'elf',
  'guest-4k',
  'widen-host',
  'qemu-3.1-8.0',
  'qemu-8.1',
  'latx-pre304',
  'latx-304',
  'blink',
  'blink-linear',
]);

const MEASURE = 'guest-4k';

/** What is known of the PT_LOADs of one file. A test compares its answers with plans of random layouts. */
export class LayoutScreen {
  readonly #loads: readonly ProgramHeader[];
  readonly #isPlain = new Map<number, boolean>();
  #reference: ImagePlan | undefined;

  constructor(loads: readonly ProgramHeader[]) {
    this.#loads = loads;
  }

  /** True: the policy loads the file with these pages, without damage. False: its plan has to be looked at. */
  isUndisturbedBy(policy: string, hostPageBytes: number): boolean {
    if (policy === 'glibc-ld.so')
      return this.#isPlainOn(hostPageBytes) && keepsPromises(this.#loads, BigInt(hostPageBytes));
    return SCREENED.has(policy) && this.#isPlainOn(hostPageBytes);
  }

  #isPlainOn(hostPageBytes: number): boolean {
    const known = this.#isPlain.get(hostPageBytes) ?? isPlain(this.#loads, BigInt(hostPageBytes));
    this.#isPlain.set(hostPageBytes, known);
    return known;
  }

  /** Whether a plan does step by step what Linux does on 4 KiB pages, so that there is nothing to compare. */
  isReference(plan: ImagePlan): boolean {
    this.#reference ??= findPagePolicy(MEASURE)?.plan(this.#loads, plan.guestPageBytes);
    const reference = this.#reference;
    if (reference === undefined || reference.refusal !== undefined) return false;
    return plan.segments.every(({ actions }, index) => isSame(actions, reference.segments[index].actions));
  }
}

const ADDRESS_LIMIT = 1n << 47n;

/** Ascending, congruent, each alone on its pages, zeros only where they may be written. */
function isPlain(loads: readonly ProgramHeader[], page: bigint): boolean {
  const mask = page - 1n;
  let border = 0n;
  for (const { vaddr, offset, filesz, memsz, flags } of loads) {
    const start = vaddr & ~mask;
    if (filesz === 0n || filesz > memsz || memsz >= ADDRESS_LIMIT || vaddr >= ADDRESS_LIMIT || start < border)
      return false;
    if (((vaddr ^ offset) & mask) !== 0n) return false;
    if (memsz > filesz && (flags & PF.W) === 0) return false;
    border = (vaddr + memsz + mask) & ~mask;
  }
  return true;
}

/** ld.so asks two things more: p_align covers the page, and addresses keep to it. */
function keepsPromises(loads: readonly ProgramHeader[], page: bigint): boolean {
  return loads.every(
    ({ align, vaddr, offset }) =>
      (align & (align - 1n)) === 0n && align >= page && ((vaddr ^ offset) & (align - 1n)) === 0n,
  );
}

function isSame(actions: readonly MemoryAction[], wanted: readonly MemoryAction[]): boolean {
  return (
    actions.length === wanted.length &&
    actions.every((action, index) => {
      const other = wanted[index];
      if (action.kind !== other.kind || action.start !== other.start || action.end !== other.end) return false;
      if ('fileOffset' in action && action.fileOffset !== (other as typeof action).fileOffset) return false;
      return !('protection' in action) || action.protection === (other as typeof action).protection;
    })
  );
}
