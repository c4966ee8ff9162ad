// All loader profiles. To add one, write its file and one line here.
import type { LoaderProfile } from '../loader-profile.ts';
import { freebsdLinuxulatorProfile, freebsdProfile } from './freebsd.ts';
import { gvisorProfile } from './gvisor.ts';
import { linuxProfile } from './linux.ts';
import { LINUX_VERSION_PROFILES, linuxVersionProfile } from './linux-versions.ts';
import { netbsdProfile } from './netbsd.ts';
import { openbsdProfile } from './openbsd.ts';
import { uekProfile } from './uek.ts';
import { wsl1Profile } from './wsl1.ts';

/** Every profile this package knows, the default first. */
export const LOADER_PROFILES: readonly LoaderProfile[] = [
  linuxProfile,
  ...LINUX_VERSION_PROFILES,
  freebsdProfile,
  freebsdLinuxulatorProfile,
  openbsdProfile,
  netbsdProfile,
  gvisorProfile,
  uekProfile,
  wsl1Profile,
];

/**
 * The profile of a name: one of the rows, or any Linux version they cover.
 * @example
 * findLoaderProfile('linux-5.4')?.headerBytes // 256
 */
export function findLoaderProfile(name: string): LoaderProfile | undefined {
  return LOADER_PROFILES.find((profile) => profile.name === name) ?? linuxVersionProfile(name);
}
