// QEMU user mode from 2014 to 2018: the guest is told the host's page as AT_PAGESZ.
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';
import { loadAsOldQemu } from '../model/old-qemu.ts';

export const qemu2014 = definePolicy({
  name: 'qemu-2014',
  title: 'QEMU user mode 2014 to 2018',
  description:
    "Segments at their 4 KiB page, but AT_PAGESZ is the host's page when that is larger: the dynamic loader then refuses every library that is aligned to 4 KiB.",
  sources: ['QEMU a70daba3771 (2014)', 'linux-user/elfload.c, zero_bss'],
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  allowsLongFilePart: true,
  granularity: () => GUEST_PAGE,
  load(build, page, context) {
    loadAsOldQemu(build, page, context);
    return undefined;
  },
});
