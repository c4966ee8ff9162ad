// How a process ended.

/** The end of a process: by itself with a code, or by a signal. */
export type ExitStatus =
  | {
      readonly kind: 'exited';
      readonly code: number;
      /** What the process said about its end, in families that use words (byte string). */
      readonly message?: string;
    }
  | { readonly kind: 'signaled'; readonly signal: number; readonly coreDumped: boolean };
