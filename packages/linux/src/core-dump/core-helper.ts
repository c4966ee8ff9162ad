// core_pattern with a pipe: a program of the guest is started and reads the core from its standard input (man 5 core; fs/coredump.c).
import { createPipe, DescriptorTable, Errno, OpenDescription, type OpenFile, type Thread } from '@elf/kernel';
import { setCoreLimit } from '../calls/resource-limits.ts';
import { createProcessState, createThreadState } from '../signals/signal-state.ts';
import { type CoreContent, coreBytes } from './core-file.ts';

/** RLIMIT_CORE of the program: its own crash starts no other. */
const NO_CORE_INTO_PIPES = 1;
const ROOT_DIRECTORY = '/';

/**
 * Starts the program and feeds it. It has nothing of the process that died but its user: a fresh environment, the root directory, no
 * descriptor but the pipe. (Linux runs it as the super-user; nobody in a machine is more than who started it.) Nobody waits for it.
 * The thread must be on the CPU.
 * @returns false when it cannot be executed.
 */
export function startCoreHelper(thread: Thread, words: readonly string[], content: CoreContent): boolean {
  const { kernel, process } = thread;
  const [path] = words;
  if (path === undefined || !path.startsWith('/')) return false;
  // The memory as it is now; pages are copied only when the program that died is gone and somebody writes, which nobody does.
  const memory = process.space.fork();
  const { reader, writer } = createPipe(kernel.nextInode(), () => kernel.host.clock.realtime());
  const helper = kernel.fork(thread, {});
  const child = helper.process;
  process.children.delete(child);
  child.parent = undefined;
  child.group = child.id;
  child.session = child.id;
  Object.assign(child.place, { workingDirectory: ROOT_DIRECTORY, root: ROOT_DIRECTORY });
  child.descriptors.release();
  child.descriptors = new DescriptorTable();
  child.descriptors.insert(
    new OpenDescription(reader, { readable: true, writable: false, append: false, nonBlocking: false }),
  );
  child.personalityState = createProcessState();
  helper.personalityState = createThreadState();
  setCoreLimit(child, NO_CORE_INTO_PIPES);
  let failure = 0;
  kernel.withThread(helper, () => {
    failure = kernel.execute(helper, path, words, []);
  });
  if (failure !== 0) {
    kernel.endProcess(child, { kind: 'exited', code: 127 });
    memory.destroy();
    writer.close();
    return false;
  }
  kernel.release(helper);
  feed(writer, coreBytes(memory, content), () => memory.destroy());
  return true;
}

/** Writes while there is room, and again when the reader made some; ends with the bytes or with the reader. */
function feed(writer: OpenFile, bytes: Generator<Uint8Array>, end: () => void): void {
  let rest = new Uint8Array(0);
  let isEnded = false;
  // A write wakes those who listen to the pipe, which is this one too.
  let isWriting = false;
  let leave = () => {};
  const finish = () => {
    isEnded = true;
    leave();
    writer.close();
    end();
  };
  const write = () => {
    if (isWriting) return;
    isWriting = true;
    fill();
    isWriting = false;
  };
  const fill = () => {
    while (!isEnded) {
      if (rest.length === 0) {
        const next = bytes.next();
        if (next.done) return finish();
        rest = next.value.slice();
        continue;
      }
      const count = writer.write(rest, 0);
      if (count === -Errno.EAGAIN) return;
      if (count < 0) return finish();
      rest = rest.subarray(count);
    }
  };
  leave = writer.changes?.join(write) ?? leave;
  write();
}
