// blink with its linear memory: guest addresses are host addresses, so the host's page is the unit.
import { loadAsBlink } from '../model/blink-steps.ts';
import { definePolicy } from '../model/define-policy.ts';

export const blinkLinear = definePolicy({
  name: 'blink-linear',
  title: 'blink, linear memory',
  description:
    "Maps at the host's page and asks that address and offset agree within it. A segment that starts in the last page of the one before it is copied there, and that page gets both segments' permissions. Segments must ascend. AT_PAGESZ is the host's page.",
  sources: ['jart/blink blink/loader.c (LoadElfLoadSegment) and blink/argv.c (GetGuestPageSize) at f006a4f'],
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load: (build, page, context) => loadAsBlink(build, page, context, true),
});
