// blink -m: its own page table, 4 KiB pages on every host.
import { loadAsBlink } from '../model/blink-steps.ts';
import { definePolicy, GUEST_PAGE } from '../model/define-policy.ts';

export const blink = definePolicy({
  name: 'blink',
  title: 'blink -m',
  description:
    'Without linear memory blink translates addresses itself: segments are mapped at 4 KiB on every host, in ascending order, and AT_PAGESZ is 4096.',
  sources: ['jart/blink blink/loader.c (LoadElfLoadSegment) and blink/argv.c (GetGuestPageSize) at f006a4f'],
  granularity: () => GUEST_PAGE,
  load: (build, page, context) => loadAsBlink(build, page, context, false),
});
