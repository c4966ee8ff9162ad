// All loader profiles. To add one, write its file and one line here.
import type { LoaderProfile } from '../loader-profile.ts';
import { linuxProfile } from './linux.ts';

/** Every profile this package knows, the default first. */
export const LOADER_PROFILES: readonly LoaderProfile[] = [linuxProfile];
