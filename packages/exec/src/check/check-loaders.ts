// The columns of a check: loader profiles and page policies under one kind of name, and which files each of them concerns.
import { PAGE_POLICIES, type PagePolicy } from '@elf/pagesize';
import type { LoaderProfile } from '../loader-profile.ts';
import { LOADER_PROFILES } from '../profiles/index.ts';
import { type ImageFacts, MACHINE } from './image-facts.ts';

/** Something that loads executables, as `--loader` names it. */
export interface CheckLoader {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Its rules for files, when it is a kernel we have a profile of. */
  readonly profile?: LoaderProfile;
  /** Its rule for segments on hosts with larger pages. */
  readonly policy?: PagePolicy;
  /** Asked when nobody names loaders. Models and old states are asked by name only. */
  readonly isDefault: boolean;
}

/** Rows of @elf/pagesize that are asked by name only: measures, negative controls, and steps of a history nobody runs any more. */
const NOT_DEFAULT: readonly string[] = [
  'guest-4k',
  'widen-host',
  'p-align-as-mask',
  'qemu-pre-2014',
  'qemu-2014',
  'qemu-2018',
  'box64-4158',
];

/** Every loader a check can ask: profiles first, a profile and a policy of the same name as one. */
export const CHECK_LOADERS: readonly CheckLoader[] = [
  ...LOADER_PROFILES.map((profile) => ({
    name: profile.name,
    title: profile.description,
    description: profile.description,
    profile,
    policy: PAGE_POLICIES.find(({ name }) => name === profile.name),
    isDefault: true,
  })),
  ...PAGE_POLICIES.filter(({ name }) => !LOADER_PROFILES.some((profile) => profile.name === name)).map((policy) => ({
    name: policy.name,
    title: policy.title,
    description: policy.description,
    policy,
    isDefault: !NOT_DEFAULT.includes(policy.name),
  })),
];

/** The loader of that name. */
export function findCheckLoader(name: string): CheckLoader | undefined {
  return CHECK_LOADERS.find((loader) => loader.name === name);
}

const X86: readonly number[] = [MACHINE.i386, MACHINE.i486, MACHINE.x86_64];

/** Policies of emulators that run x86 programs only, by the first word of their name. */
const X86_EMULATORS = /^(latx|box64|fex|blink|elf)\b/;

/**
 * Why a loader has no opinion about a file, or undefined when it has one.
 * @param isNamed the user asked for this loader by name.
 */
export function whyNotConcerned(loader: CheckLoader, facts: ImageFacts, isNamed: boolean): string | undefined {
  const { kind, machine, elfClass, isAndroid } = facts;
  if (kind === 'elf-relocatable') return 'relocatable files are input of a linker, no loader maps them';
  if (kind === 'elf-core') return 'core dumps are read by debuggers, no loader maps them';
  if (loader.name.startsWith('android')) {
    if (!isAndroid && !isNamed) return 'not an Android file';
    return elfClass === 32 ? 'devices with 16 KiB pages run no 32-bit code' : undefined;
  }
  if (loader.name === 'glibc-ld.so') {
    if (isAndroid) return 'Android has its own dynamic linker';
    return kind === 'elf-shared-object' ? undefined : 'the kernel maps programs, ld.so maps libraries';
  }
  if (kind === 'elf-shared-object') return 'libraries are mapped by the dynamic linker';
  if (loader.profile !== undefined && !X86.includes(machine))
    return loader.policy === undefined ? 'this profile is of an x86 kernel' : undefined;
  if (X86_EMULATORS.test(loader.name) && !X86.includes(machine)) return 'this emulator runs x86 programs';
  return undefined;
}
