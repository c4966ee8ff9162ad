// UTS namespaces (man 7 uts_namespaces): the names of host and domain.
import type { Kernel } from '@elf/kernel';
import { currentNamespaces, type Namespace } from './namespaces.ts';

/** Names that a program gave the machine (the host keeps its own). */
export interface SystemNames {
  host: string | undefined;
  domain: string;
}

const namesOf = /* @__PURE__ */ new WeakMap<Namespace, SystemNames>();

/** The host and domain name of a machine as whoever asks sees them. */
export function systemNames(kernel: Kernel): SystemNames {
  return namesIn(currentNamespaces(kernel).uts);
}

/** A new namespace begins with the names of the one before. */
export function copyNames(from: Namespace, to: Namespace): void {
  namesOf.set(to, { ...namesIn(from) });
}

function namesIn(space: Namespace): SystemNames {
  const known = namesOf.get(space);
  if (known !== undefined) return known;
  const made: SystemNames = { host: undefined, domain: '(none)' };
  namesOf.set(space, made);
  return made;
}
