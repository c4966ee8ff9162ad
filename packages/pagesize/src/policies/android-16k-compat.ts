// Android's compatibility mode for 4 KiB libraries on 16 KiB pages, first generation.
import { compatibilityRule } from '../model/bionic-compatibility.ts';
import { definePolicy } from '../model/define-policy.ts';

export const android16kCompat = definePolicy({
  ...compatibilityRule('refuse'),
  name: 'android-16k-compat',
  title: "Android's 16 KiB compatibility mode",
  description:
    'A library aligned to 4096 is read into anonymous memory at its 4 KiB addresses and gets one border between code and data, which the load bias puts on a 16 KiB page: read and execute before it, read and write after it. The border is the end of PT_GNU_RELRO, or the first writable segment. Writable segments must be adjacent, and there may be one RELRO, at the start of the first of them; other layouts are refused.',
  sources: ['bionic linker/linker_phdr_16kib_compat.cpp (Android 15 and 16)'],
});
