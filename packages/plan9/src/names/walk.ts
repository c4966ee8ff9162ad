// Names to places (namec of sys/src/9/port/chan.c).
import type { Thread } from '@elf/kernel';
import { isDirectory } from '../stat-record.ts';
import { errorText, Failure } from '../errors.ts';
import { attachDevice } from '../devices/attach.ts';
import { stateOf } from '../process-state.ts';
import { failName, failWith } from '../settle-call.ts';
import { hasBadCharacter, joinName, joinPath, type Place } from './place.ts';

/** Longest name of a place: directories that are bound below themselves have names without an end. */
const LONGEST_NAME = 1 << 16;

/**
 * The place a name stands for.
 * @param isTarget the last element's mounts are not followed: the name is where something gets mounted.
 * @returns the place, or a negated failure with its words prepared.
 */
export function walkTo(viewer: Thread, name: string, isTarget = false): Place | number {
  const found = walkElements(viewer, name, isTarget, 0);
  return typeof found === 'number' ? found : found.place;
}

/** The directory of a name and its last element, for files that are made. */
export function walkToParent(
  viewer: Thread,
  name: string,
): { readonly directory: Place; readonly element: string } | number {
  const found = walkElements(viewer, name, false, 1);
  if (typeof found === 'number') return found;
  const [element] = found.rest;
  if (element === undefined || element === '..') return failName(viewer, Failure.Exists, name);
  return { directory: found.place, element };
}

/** Walks all elements but the last `leave`. */
function walkElements(
  viewer: Thread,
  name: string,
  isTarget: boolean,
  leave: number,
): { readonly place: Place; readonly rest: readonly string[] } | number {
  if (name === '') return failWith(viewer, Failure.EmptyName, errorText(Failure.EmptyName));
  if (hasBadCharacter(name)) return failName(viewer, Failure.BadCharacter, name);
  const start = startOf(viewer, name);
  if (typeof start === 'number') return start;
  const elements = start.rest.split('/').filter((element) => element !== '' && element !== '.');
  const walked = elements.slice(0, Math.max(0, elements.length - leave));
  const { nameSpace } = stateOf(viewer);
  let { place } = start;
  // A name that is all start (".", "/") may itself be where something is to be mounted.
  let consumed = name.length - start.rest.length;
  if (!(isTarget && walked.length === 0)) place = nameSpace.follow(place);
  for (const [index, element] of walked.entries()) {
    consumed = name.indexOf(element, consumed) + element.length;
    const next = step(viewer, place, element);
    if (typeof next === 'number') return failName(viewer, -next, name.slice(0, consumed));
    place = isTarget && index === walked.length - 1 ? next : nameSpace.follow(next);
  }
  return { place, rest: elements.slice(walked.length) };
}

function startOf(viewer: Thread, name: string): { readonly place: Place; readonly rest: string } | number {
  const state = stateOf(viewer);
  if (name.startsWith('/')) return { place: state.slash, rest: name.slice(1) };
  if (!name.startsWith('#')) return { place: state.dot, rest: name };
  const slash = name.indexOf('/');
  const head = slash < 0 ? name : name.slice(0, slash);
  const place = attachDevice(viewer, head);
  if (typeof place === 'number') return failName(viewer, -place, head);
  return { place, rest: slash < 0 ? '' : name.slice(slash + 1) };
}

/** One element further; in a union the first member that has it decides. */
function step(viewer: Thread, from: Place, element: string): Place | number {
  if (!isDirectory(from.facts)) return -Failure.NotDirectory;
  if (element === '..') return from.parent ?? from;
  if (from.name.length + element.length >= LONGEST_NAME) return -Failure.NameTooLong;
  const members = from.union?.map(({ place }) => place) ?? [from];
  let failure = -Failure.NotFound;
  for (const { device, path } of members) {
    const below = joinPath(path, element);
    const facts = device.stat(below, viewer);
    if (typeof facts !== 'number')
      return { device, path: below, facts, name: joinName(from.name, element), parent: from };
    if (failure === -Failure.NotFound) failure = facts;
  }
  return failure;
}
