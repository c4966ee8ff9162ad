// The most memory that a process and its children had at a time: ru_maxrss of getrusage(2) and wait4(2).
import type { Process } from '@elf/kernel';

interface Peaks {
  /** Bytes that the programs before the one that runs came to. */
  former: number;
  /** Of children that were waited for, and of theirs: the largest. */
  children: number;
}

const ofProcesses = /* @__PURE__ */ new WeakMap<Process, Peaks>();

function peaksOf(process: Process): Peaks {
  const known = ofProcesses.get(process) ?? { former: 0, children: 0 };
  ofProcesses.set(process, known);
  return known;
}

/** Bytes of a process, all its programs counted; also after its end. */
export function peakBytes(process: Process): number {
  return Math.max(peaksOf(process).former, process.space.peakResidentBytes);
}

/** Bytes of the largest child that was waited for. */
export function childrenPeakBytes(process: Process): number {
  return peaksOf(process).children;
}

/** execve(2) is about to take the address space away (fs/exec.c, exec_mmap). */
export function keepPeak(process: Process): void {
  peaksOf(process).former = peakBytes(process);
}

/** A child was waited for (kernel/exit.c, wait_task_zombie). */
export function inheritPeak(parent: Process, child: Process): void {
  const own = peaksOf(parent);
  own.children = Math.max(own.children, peakBytes(child), childrenPeakBytes(child));
}
