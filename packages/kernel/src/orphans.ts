// Who looks after the processes whose parent is gone: process 1, or an ancestor that asked for it.
import { AddressSpace } from '@elf/mm';
import { DescriptorTable } from './descriptor-table.ts';
import type { Kernel } from './kernel.ts';
import type { Personality } from './personality.ts';
import { Process } from './process.ts';
import { Thread } from './thread.ts';

const FIRST_PROCESS = 1;
const ROOT = 0;

/**
 * Makes process 1: programs ask for it, signal it and find it in lists. It is the kernel's own and never runs: what it does, collecting
 * orphans, happens at once. It goes with the last process that does run.
 * @example
 * kernel.resident ??= createFirstProcess(kernel, personality);
 */
export function createFirstProcess(kernel: Kernel, personality: Personality): Thread {
  const credentials = {
    ...{ user: ROOT, effectiveUser: ROOT, savedUser: ROOT, group: ROOT, effectiveGroup: ROOT, savedGroup: ROOT },
    supplementary: [],
  };
  const program = {
    executable: '/sbin/init',
    arguments: ['/sbin/init'],
    environment: [],
    auxiliaryVector: new Uint8Array(0),
  };
  const process = new Process(
    {
      id: FIRST_PROCESS,
      parent: undefined,
      space: new AddressSpace(kernel.memory),
      descriptors: new DescriptorTable(),
      place: { workingDirectory: '/', root: '/', umask: 0 },
      credentials,
      personality,
      program,
    },
    kernel.bootTime,
  );
  process.commandName = 'init';
  const thread = new Thread(kernel, process, FIRST_PROCESS);
  thread.state = 'blocked';
  kernel.processes.set(process.id, process);
  kernel.threads.set(thread.id, thread);
  return thread;
}

/** Ends process 1: there is nobody left for it to look after. */
export function dismissFirstProcess(kernel: Kernel): void {
  const { resident } = kernel;
  kernel.resident = undefined;
  if (resident !== undefined) kernel.endThread(resident);
}

/** The children of a process that ended get another parent; process 1 collects those that have ended, at once. */
export function handOverChildren(kernel: Kernel, process: Process): void {
  const heir = process.children.size === 0 ? undefined : process.personality.heirOf?.(process);
  for (const child of process.children) {
    child.parent = heir;
    if (heir === undefined) {
      if (child.exitStatus !== undefined) kernel.processes.delete(child.id);
      continue;
    }
    heir.children.add(child);
    if (child.exitStatus === undefined) continue;
    heir.personality.foreignChildEnded?.(child);
    if (child.isCollected) kernel.reap(child);
  }
  process.children.clear();
  heir?.childChanges.wake();
}
