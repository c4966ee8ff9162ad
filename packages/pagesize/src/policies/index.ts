// The list of page policies: one line per row, in the order in which they are shown.
import type { PagePolicy } from '../page-policy.ts';
import { android16k } from './android-16k.ts';
import { android16kCompat } from './android-16k-compat.ts';
import { android16kCompatRwx } from './android-16k-compat-rwx.ts';
import { blink } from './blink.ts';
import { blinkLinear } from './blink-linear.ts';
import { box644158 } from './box64-4158.ts';
import { box644160 } from './box64-4160.ts';
import { box644182 } from './box64-4182.ts';
import { elf } from './elf.ts';
import { fex } from './fex.ts';
import { glibcLdSo } from './glibc-ld.so.ts';
import { guest4k } from './guest-4k.ts';
import { latx304 } from './latx-304.ts';
import { latxPre304 } from './latx-pre304.ts';
import { linux } from './linux.ts';
import { pAlignAsMask } from './p-align-as-mask.ts';
import { qemu2014 } from './qemu-2014.ts';
import { qemu2018 } from './qemu-2018.ts';
import { qemu31 } from './qemu-3.1-8.0.ts';
import { qemu81 } from './qemu-8.1.ts';
import { qemuPre2014 } from './qemu-pre-2014.ts';
import { widenHost } from './widen-host.ts';

/** Every known policy. */
export const PAGE_POLICIES: readonly PagePolicy[] = [
  elf,
  guest4k,
  linux,
  qemuPre2014,
  qemu2014,
  qemu2018,
  qemu31,
  qemu81,
  latxPre304,
  latx304,
  box644158,
  box644160,
  box644182,
  fex,
  blinkLinear,
  blink,
  android16k,
  android16kCompat,
  android16kCompatRwx,
  glibcLdSo,
  pAlignAsMask,
  widenHost,
];

/**
 * The policy with this name.
 * @example
 * findPagePolicy('latx-pre304')?.title
 */
export function findPagePolicy(name: string): PagePolicy | undefined {
  return PAGE_POLICIES.find((policy) => policy.name === name);
}
