// The loaders a check can ask, profiles and page policies under one kind of name, and which files each of them concerns.
import { PAGE_POLICIES, type PagePolicy } from '@elf/pagesize';
import type { LoaderProfile } from '../loader-profile.ts';
import { findLoaderProfile, LOADER_PROFILES } from '../profiles/index.ts';
import { type FileSystemName, type ImageFacts, MACHINE } from './image-facts.ts';

/** Which files a loader has an opinion about. */
type Concern =
  /** Programs for x86. */
  | 'x86-programs'
  /** Programs for any machine. */
  | 'programs'
  /** Programs of one system, for x86. */
  | FileSystemName
  /** Libraries that glibc's dynamic linker maps. */
  | 'glibc-libraries'
  /** Whatever Android's dynamic linker maps. */
  | 'android';

/** Something that loads executables, as `--loader` names it. */
export interface CheckLoader {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly concern: Concern;
  /** Its rules for files, when it is a kernel we have a profile of. */
  readonly profile?: LoaderProfile;
  /** Its rule for segments on hosts with larger pages. */
  readonly policy?: PagePolicy;
  /** "system": a kernel or dynamic linker, "emulator": runs programs of another machine or page size. */
  readonly kind: 'system' | 'emulator';
  /** Asked when nobody names loaders. Models and old states are asked by name only. */
  readonly isDefault: boolean;
}

/** Asked by name only: measures, negative controls, and states that nobody runs any more. */
const NOT_DEFAULT = /^(guest-4k|widen-host|p-align-as-mask|qemu-pre-2014|qemu-2014|qemu-2018|box64-41[56]\d|linux-.*)$/;

// biome-ignore format: one row per line
const CONCERNS: readonly { readonly names: RegExp; readonly concern: Concern; readonly kind: CheckLoader['kind'] }[] = [
  { names: /^linux$/,                      concern: 'programs',        kind: 'system' },
  { names: /^freebsd$/,                    concern: 'freebsd',         kind: 'system' },
  { names: /^openbsd$/,                    concern: 'openbsd',         kind: 'system' },
  { names: /^netbsd$/,                     concern: 'netbsd',          kind: 'system' },
  { names: /^android/,                     concern: 'android',         kind: 'system' },
  { names: /^glibc/,                       concern: 'glibc-libraries', kind: 'system' },
  { names: /^qemu/,                        concern: 'programs',        kind: 'emulator' },
  { names: /^(latx|box64|fex|blink|elf)/,  concern: 'x86-programs',    kind: 'emulator' },
  { names: /^(guest-4k|widen-host|p-align-as-mask)$/, concern: 'programs', kind: 'emulator' },
];

/** Kernels of x86 machines: everything the table does not name. */
const OTHERWISE = { concern: 'x86-programs', kind: 'system' } as const;

function loaderOf(name: string, profile: LoaderProfile | undefined, policy: PagePolicy | undefined): CheckLoader {
  const { concern, kind } = CONCERNS.find(({ names }) => names.test(name)) ?? OTHERWISE;
  const description = profile?.description ?? policy?.description ?? '';
  const title = policy?.title ?? description.split(/[.;] /)[0];
  return { name, title, description, concern, kind, profile, policy, isDefault: !NOT_DEFAULT.test(name) };
}

/** Every loader a check can ask: profiles first; a profile and a policy of the same name are one. */
export const CHECK_LOADERS: readonly CheckLoader[] = [
  ...LOADER_PROFILES.map((profile) =>
    loaderOf(
      profile.name,
      profile,
      PAGE_POLICIES.find(({ name }) => name === profile.name),
    ),
  ),
  ...PAGE_POLICIES.filter(({ name }) => !LOADER_PROFILES.some((profile) => profile.name === name)).map((policy) =>
    loaderOf(policy.name, undefined, policy),
  ),
];

/** The loader of that name, any Linux version (`linux-5.4`) included. */
export function findCheckLoader(name: string): CheckLoader | undefined {
  const known = CHECK_LOADERS.find((loader) => loader.name === name);
  if (known !== undefined) return known;
  const profile = findLoaderProfile(name);
  return profile && loaderOf(profile.name, profile, undefined);
}

const X86: readonly number[] = [MACHINE.i386, MACHINE.i486, MACHINE.x86_64];

/** Whether a profile has rules for a machine: all of them are of x86 kernels. */
export function isX86(machine: number): boolean {
  return X86.includes(machine);
}

/**
 * Why a loader has no opinion about a file, or undefined when it has one.
 * @param isNamed the user asked for this loader by name.
 */
export function whyNotConcerned({ concern }: CheckLoader, facts: ImageFacts, isNamed: boolean): string | undefined {
  const { kind, machine, elfClass, system } = facts;
  if (kind === 'elf-relocatable') return 'relocatable files are input of a linker, no loader maps them';
  if (kind === 'elf-debug') return 'debug information split from its program, no loader maps it';
  if (kind === 'elf-core') return 'core dumps are read by debuggers, no loader maps them';
  if (concern === 'android') {
    if (system !== 'android' && !isNamed) return 'not an Android file';
    return elfClass === 32 ? 'devices with 16 KiB pages run no 32-bit code' : undefined;
  }
  if (concern === 'glibc-libraries') {
    if (system !== 'linux') return 'ld.so of glibc is for Linux';
    return kind === 'elf-shared-object' ? undefined : 'the kernel maps programs, ld.so maps libraries';
  }
  if (kind === 'elf-shared-object') return 'libraries are mapped by the dynamic linker';
  if (concern === 'programs') return undefined;
  if (!isX86(machine)) return 'this loader is for x86 programs';
  return concern === 'x86-programs' || concern === system || isNamed ? undefined : 'a program of another system';
}
