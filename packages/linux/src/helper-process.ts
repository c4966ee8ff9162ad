// Programs that the kernel itself starts in the guest: what takes core files, what makes keys (kernel/umh.c).
import { DescriptorTable, type Process, type Thread } from '@elf/kernel';
import { createProcessState, createThreadState } from './signals/signal-state.ts';

const ROOT_DIRECTORY = '/';

/** How it starts. */
export interface HelperOptions {
  readonly environment?: readonly string[];
  /** Gives the new process what it needs before its program is loaded; it has no descriptors and is still a copy of the caller. */
  readonly prepare?: (child: Thread) => void;
}

/**
 * Starts a program. It has nothing of the process it is started for but its user: the root directory, signals and limits as at the start.
 * (Linux runs it as the super-user; nobody in a machine is more than who started it.) Nobody waits for it.
 * @returns the process, or a negated error when it cannot be executed.
 */
export function startHelper(thread: Thread, words: readonly string[], options: HelperOptions = {}): Process | number {
  const { kernel, process } = thread;
  const [path = ''] = words;
  // Nothing is copied for a program that is not there.
  const view = { base: ROOT_DIRECTORY, root: ROOT_DIRECTORY, who: process.fileIdentity };
  const status = kernel.tree.status(view, path, true);
  if (typeof status === 'number') return status;
  const helper = kernel.fork(thread, {});
  const child = helper.process;
  process.children.delete(child);
  child.parent = undefined;
  child.group = child.id;
  child.session = child.id;
  Object.assign(child.place, { workingDirectory: ROOT_DIRECTORY, root: ROOT_DIRECTORY });
  child.descriptors.release();
  child.descriptors = new DescriptorTable();
  child.personalityState = createProcessState();
  helper.personalityState = createThreadState();
  options.prepare?.(helper);
  let failure = 0;
  kernel.withThread(helper, () => {
    failure = kernel.execute(helper, path, words, options.environment ?? []);
  });
  if (failure === 0) {
    kernel.release(helper);
    return child;
  }
  kernel.endProcess(child, { kind: 'exited', code: 127 });
  return failure;
}
