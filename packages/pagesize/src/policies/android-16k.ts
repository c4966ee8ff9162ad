// Android's linker: a library that is aligned to less than a page is refused.
import { loadAsBionic, refuseSmallAlignment } from '../model/bionic-steps.ts';
import { definePolicy } from '../model/define-policy.ts';

export const android16k = definePolicy({
  name: 'android-16k',
  title: "Android's dynamic linker",
  description:
    'dlopen fails when the smallest p_align of the PT_LOADs is less than the page. A PT_GNU_RELRO that ends on a smaller alignment inside its segment counts as that. What passes is mapped at the page like anywhere else.',
  sources: ['bionic linker/linker_phdr.cpp', 'Android developer guide “Support 16 KB page sizes”'],
  auxiliaryPageBytes: ({ hostPageBytes }) => hostPageBytes,
  refuseImage: refuseSmallAlignment,
  granularity: (_segment, _index, { hostPage }) => hostPage,
  load: loadAsBionic,
});
