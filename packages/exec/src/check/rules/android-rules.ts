// table: rules for Android with 16 KiB pages.
import type { CheckRule } from '../check-rule.ts';

const RELINK =
  'Link with -Wl,-z,max-page-size=16384, or build with NDK r28 or newer, where it is the default (r27: APP_SUPPORT_FLEXIBLE_PAGE_SIZES=true).';

/** Rules of bionic's linker and of Android packages. */
export const ANDROID_RULES: readonly CheckRule[] = [
  {
    id: 'ELF-AN-ALIGNMENT',
    severity: 'error',
    title: 'The library is linked for 4 KiB pages',
    checks: 'The smallest p_align of the PT_LOADs of a 64-bit Android file (arm64-v8a, x86_64) is at least 16384.',
    refusedBy:
      'bionic on 16 KiB devices: "program alignment (4096) cannot be smaller than system page size (16384)"; Google Play for apps that target Android 15 or newer.',
    explanation:
      'The linker maps each segment with the system’s pages and checks first that the file was linked for them. 32-bit code is not concerned: 16 KiB devices do not run it.',
    fix: () => RELINK,
    example: 'p_align is 0x1000.',
    sources: ['https://developer.android.com/guide/practices/page-sizes', 'bionic, linker/linker_phdr.cpp'],
  },
  {
    id: 'ELF-AN-COMPAT',
    severity: 'error',
    title: 'The library does not fit the 16 KiB compatibility mode either',
    checks:
      'Layout that bionic’s compatibility mode needs: one readable and executable part, then one writable part, at most one RELRO, and that a prefix of the first writable segment.',
    refusedBy:
      'bionic with 16 KiB pages and the compatibility mode switched on; newer versions map everything readable, writable and executable instead.',
    explanation:
      'The compatibility mode copies a 4 KiB library into anonymous memory and gives it two sets of permissions. A library with another order of segments cannot be protected that way.',
    fix: () => RELINK,
    example: 'A writable segment lies between two executable ones.',
    sources: ['bionic, linker/linker_phdr_16kib_compat.cpp'],
  },
  {
    id: 'ELF-AN-ZIP-ALIGNMENT',
    severity: 'error',
    title: 'The library does not start on a 16 KiB boundary of the package',
    checks: 'The data of every uncompressed 64-bit library in an APK starts at a multiple of 16384.',
    refusedBy: 'bionic on 16 KiB devices, which maps uncompressed libraries straight from the APK.',
    explanation:
      'mmap needs a file offset that is a multiple of the page. A library that starts elsewhere in the package cannot be mapped from there.',
    fix: ({ path }) =>
      `Align the package before it is signed: zipalign -P 16 -f 4 ${path ?? 'app.apk'} aligned.apk (build-tools 35), or use Android Gradle plugin 8.5.1 or newer.`,
    example: 'lib/arm64-v8a/libx.so starts at 0x2fb000, which is 0x3000 past a boundary.',
    sources: ['https://developer.android.com/guide/practices/page-sizes', 'zipalign -c -P 16 -v 4'],
  },
  {
    id: 'ELF-AN-COMPRESSED',
    severity: 'note',
    title: 'The library is compressed in the package',
    checks: 'Libraries of an APK that are stored with a compression method.',
    refusedBy: 'Nobody: the package manager unpacks them when it installs the app (android:extractNativeLibs).',
    explanation: 'Its place in the package does not matter then; its segments still do.',
    fix: () => 'Nothing to do. Uncompressed libraries (useLegacyPackaging = false) take less room on the device.',
    example: 'lib/arm64-v8a/libx.so is deflated.',
    sources: ['https://developer.android.com/guide/practices/page-sizes'],
  },
];
