// After a rename: what is open or stood in below the old name is below the new one now.
import type { Process } from '../process.ts';

/** Moves working directories, roots and the paths of open files of all processes along. Canonical paths. */
export function followRename(processes: Iterable<Process>, from: string, to: string): void {
  const moved = (path: string) => (path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path);
  for (const { place, descriptors } of processes) {
    place.workingDirectory = moved(place.workingDirectory);
    place.root = moved(place.root);
    for (const number of descriptors.numbers()) {
      const description = descriptors.get(number);
      if (description?.path !== undefined) description.path = moved(description.path);
    }
  }
}
