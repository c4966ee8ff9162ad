// A model of the simplest mistake: copy whole host pages of the file for every segment.
import { definePolicy } from '../model/define-policy.ts';
import { loadAsLinux } from '../model/linux-steps.ts';

export const widenHost = definePolicy({
  name: 'widen-host',
  title: 'Every segment widened to the host page',
  description:
    'No known loader: each segment takes the file from the start of its first host page to the end of its last, as Linux would if it did not ask for congruence. A negative control; it breaks most images.',
  sources: ['constructed'],
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load(build, page) {
    loadAsLinux(build, page);
    return undefined;
  },
});
