// An asynchronous byte source over HTTP range requests; the fetch function is the caller's.
import type { AsyncByteSource } from './async-source.ts';
import { ParseError } from './parse-error.ts';

/** What is used of a fetch function; the global `fetch` of browsers and Node fits. */
export type FetchLike = (url: string, request: { headers: Record<string, string> }) => Promise<HttpResponseLike>;

/** What is used of a response. */
export interface HttpResponseLike {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  arrayBuffer(): Promise<ArrayBuffer>;
  /** Drops a body that is not wanted. */
  readonly body?: { cancel(): Promise<void> } | null;
}

// RFC 9110 section 14.4: "bytes first-last/complete-length".
const CONTENT_RANGE = /^bytes (\d+)-(\d+)\/(\d+)$/;

/**
 * Opens a file behind HTTP. One request of one byte learns the size; the server must answer range requests (206).
 *
 * @throws ParseError `unsupported` when the server ignores ranges or answers with an error status; `fetch`'s own errors pass through.
 * @example
 * ```ts
 * const reader = asyncReader(await httpSource('https://example.org/program', fetch));
 * const elf = await reader.run((source) => parseElf(source));
 * ```
 */
export async function httpSource(url: string, fetch: FetchLike): Promise<AsyncByteSource> {
  const { size } = await request(url, fetch, 0, 1);
  return { size, read: async (offset, length) => (await request(url, fetch, offset, length)).bytes };
}

async function request(url: string, fetch: FetchLike, offset: number, length: number) {
  const response = await fetch(url, { headers: { range: `bytes=${offset}-${offset + length - 1}` } });
  const range = CONTENT_RANGE.exec(response.headers.get('content-range') ?? '');
  if (response.status !== 206 || range === null || Number(range[1]) !== offset) {
    // Status 200 carries the whole file: do not download it by accident.
    await response.body?.cancel();
    const sentence = `The server answered a range request with status ${response.status} and no usable Content-Range.`;
    throw new ParseError('unsupported', offset, 'source', sentence);
  }
  return { size: Number(range[3]), bytes: new Uint8Array(await response.arrayBuffer()) };
}
