// The list of page policies: one line per row, in the order in which they are shown.
import type { PagePolicy } from '../page-policy.ts';
import { box644158 } from './box64-4158.ts';
import { box644160 } from './box64-4160.ts';
import { box644182 } from './box64-4182.ts';
import { guest4k } from './guest-4k.ts';
import { latx304 } from './latx-304.ts';
import { latxPre304 } from './latx-pre304.ts';
import { linux } from './linux.ts';
import { pAlignAsMask } from './p-align-as-mask.ts';
import { qemu31 } from './qemu-3.1-8.0.ts';
import { widenHost } from './widen-host.ts';

/** Every known policy. */
export const PAGE_POLICIES: readonly PagePolicy[] = [
  guest4k,
  linux,
  qemu31,
  latxPre304,
  latx304,
  box644158,
  box644160,
  box644182,
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
