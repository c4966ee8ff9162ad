// FEX-Emu: works with 4 KiB pages of the host only.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { loadAsLinux, refuseIncongruent } from '../model/linux-steps.ts';

export const fex = definePolicy({
  name: 'fex',
  title: 'FEX-Emu',
  description:
    "Maps at 4 KiB with the host's own mmap, so a host with larger pages answers EINVAL; Asahi Linux starts it in a small virtual machine whose kernel has 4 KiB pages. AT_PAGESZ is 4096.",
  sources: ['FEX-Emu issues 1221, 1650, 1921, 2730, 3496'],
  refuseImage({ hostPage, hostPageBytes }) {
    if (hostPage === GUEST_PAGE) return undefined;
    const sentence = `The host's pages have ${hostPageBytes} bytes; FEX maps at 4096 and the host refuses that.`;
    return { segment: 0, errno: 'EINVAL', rule: 'host-page', sentence };
  },
  granularity: () => GUEST_PAGE,
  load(build, page) {
    const refusal = refuseIncongruent(build, page);
    if (refusal === undefined) loadAsLinux(build, page);
    return refusal;
  },
});
