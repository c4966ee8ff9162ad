// Ends our own process the way the guest ended: with its status, or of the same signal.

/**
 * Dies of a signal. Node ignores or handles some signals itself; installing and removing a listener puts the default action back.
 */
export function dieOfSignal(signal: number, name: string): void {
  const restore = () => {};
  try {
    if (name !== 'SIGKILL' && name !== 'SIGSTOP') {
      process.on(name as NodeJS.Signals, restore);
      // All of them: a host forwards signals to its guest, which is gone now.
      process.removeAllListeners(name as NodeJS.Signals);
    }
    process.kill(process.pid, signal);
  } catch {
    // A signal this host does not know: the status a shell would show says it.
    process.exit(128 + signal);
  }
  // Delivery may take a moment; if the host holds the signal back, the status a shell would show is the next best thing.
  setTimeout(() => process.exit(128 + signal), 200);
}
