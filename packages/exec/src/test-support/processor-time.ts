// How long this process has computed: limits in tests must not depend on what else the machine is doing.

/** Milliseconds of processor time, user and system, that this process has used. */
export function processorMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Processor time of the quickest of several runs, in milliseconds: that the compiler or the garbage collector were at work in one
 * of them is not the fault of what is measured.
 * @param limit a run below it ends the search.
 */
export function quickestRun(limit: number, run: () => void): number {
  let quickest = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 8 && quickest >= limit; attempt++) {
    const started = processorMilliseconds();
    run();
    quickest = Math.min(quickest, processorMilliseconds() - started);
  }
  return quickest;
}
