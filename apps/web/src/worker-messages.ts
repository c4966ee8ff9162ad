// What the page and the worker that runs a program say to each other.

/** Page to worker: start this program. One worker runs one program. */
export interface RunRequest {
  readonly program: Uint8Array;
  readonly arguments: readonly string[];
}

/** Worker to page. `ended` and `failed` are last. */
export type RunReport =
  | { readonly kind: 'output'; readonly bytes: Uint8Array }
  | { readonly kind: 'ended'; readonly summary: string }
  | { readonly kind: 'failed'; readonly message: string };
