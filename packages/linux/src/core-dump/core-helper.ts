// core_pattern with a pipe: a program of the guest is started and reads the core from its standard input (man 5 core; fs/coredump.c).
import { createPipe, Errno, OpenDescription, type OpenFile, type Thread } from '@elf/kernel';
import { setCoreLimit } from '../calls/resource-limits.ts';
import { startHelper } from '../helper-process.ts';
import { type CoreContent, coreBytes } from './core-file.ts';

/** RLIMIT_CORE of the program: its own crash starts no other. */
const NO_CORE_INTO_PIPES = 1;

/**
 * Starts the program with no environment and no descriptor but the pipe, and feeds it.
 * @returns false when it cannot be executed.
 */
export function startCoreHelper(thread: Thread, words: readonly string[], content: CoreContent): boolean {
  const { kernel, process } = thread;
  const [path] = words;
  if (path === undefined || !path.startsWith('/')) return false;
  // The memory as it is now; pages are copied only when the program that died is gone and somebody writes, which nobody does.
  const memory = process.space.fork();
  const { reader, writer } = createPipe(kernel.nextInode(), () => kernel.host.clock.realtime());
  const helper = startHelper(thread, words, {
    prepare: ({ process: child }) => {
      child.descriptors.insert(
        new OpenDescription(reader, { readable: true, writable: false, append: false, nonBlocking: false }),
      );
      setCoreLimit(child, NO_CORE_INTO_PIPES);
    },
  });
  if (typeof helper === 'number') {
    memory.destroy();
    writer.close();
    return false;
  }
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
