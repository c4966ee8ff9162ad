// Rules of Android packages: where libraries lie in the archive. The segments are judged by the policies of bionic.
import type { CheckOptions } from '../check-options.ts';
import type { FindingList } from '../finding-list.ts';
import { hex, type ImageFacts, MACHINE } from '../image-facts.ts';

/** Pages of the Android devices in question. */
const ANDROID_PAGE_BYTES = 16 * 1024;
/** Machines of arm64-v8a and x86_64; 32-bit libraries never meet 16 KiB pages. */
const CONCERNED: readonly number[] = [MACHINE.aarch64, MACHINE.x86_64];

/** Asks the rules of packages. */
export function checkAndroid(facts: ImageFacts, options: CheckOptions, list: FindingList): void {
  if (facts.system !== 'android' || !CONCERNED.includes(facts.machine)) return;
  checkAlignment(facts, options, list);
  const { zip } = options;
  if (zip === undefined || !zip.isInstallable) return;
  if (zip.isCompressed) {
    list.add({
      rule: 'ELF-AN-COMPRESSED',
      message: 'The library is compressed in the package; it is unpacked when the app is installed.',
    });
    return;
  }
  const rest = zip.dataOffset % ANDROID_PAGE_BYTES;
  if (rest !== 0)
    list.add({
      rule: 'ELF-AN-ZIP-ALIGNMENT',
      message: `The library starts at ${hex(zip.dataOffset)} of the package, ${hex(rest)} past a multiple of 16 KiB.`,
      hostPageBytes: ANDROID_PAGE_BYTES,
      evidence: { facts: { dataOffset: zip.dataOffset, past: rest } },
    });
}

/** The rule of Google Play and of check_elf_alignment.sh: the smallest p_align of all PT_LOADs. */
function checkAlignment({ loads }: ImageFacts, _options: CheckOptions, list: FindingList): void {
  const smallest = loads.reduce<(typeof loads)[number] | undefined>(
    (least, load) => (least === undefined || load.align < least.align ? load : least),
    undefined,
  );
  if (smallest === undefined || smallest.align >= BigInt(ANDROID_PAGE_BYTES)) return;
  list.add({
    rule: 'ELF-AN-ALIGNMENT',
    message: `Segment ${smallest.index} has p_align ${hex(smallest.align)}; 16 KiB devices need ${hex(ANDROID_PAGE_BYTES)}.`,
    hostPageBytes: ANDROID_PAGE_BYTES,
    location: { offset: smallest.offset, address: smallest.vaddr, segment: smallest.index },
    evidence: { facts: { align: smallest.align } },
  });
}
