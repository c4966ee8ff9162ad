// Rules of Android packages: where libraries lie in the archive. The segments are judged by the policies of bionic.
import type { CheckOptions } from '../check-options.ts';
import { hex } from '../../exec-record.ts';
import type { FindingList } from '../finding-list.ts';
import { ANDROID_PAGE_BYTES, type ImageFacts, MACHINE } from '../image-facts.ts';

/** Machines of arm64-v8a and x86_64; 32-bit libraries never meet 16 KiB pages. */
const CONCERNED: readonly number[] = [MACHINE.aarch64, MACHINE.x86_64];

/** Asks the rules of packages. */
export function checkAndroid(facts: ImageFacts, options: CheckOptions, list: FindingList): void {
  if (facts.system !== 'android' || !CONCERNED.includes(facts.machine)) return;
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
