// Android's compatibility mode, second generation: what has no border between code and data gets all permissions.
import { compatibilityRule } from '../model/bionic-compatibility.ts';
import { definePolicy } from '../model/define-policy.ts';

export const android16kCompatRwx = definePolicy({
  ...compatibilityRule('all permissions'),
  name: 'android-16k-compat-rwx',
  title: "Android's 16 KiB compatibility mode with fallback",
  description:
    'As android-16k-compat, but a library whose writable segments are not adjacent is loaded all the same, readable, writable and executable everywhere.',
  sources: ['bionic linker/linker_phdr_16kib_compat.cpp (SetupRWXAppCompat)'],
});
