// Looks for the marks of run-time libraries in the read-only data of a file: streaming, bounded, several texts in one pass.
import type { ByteSource } from '@elf/parse';
import { PF, SHF, SHT } from '@elf/parse';
import type { RuntimeMarker } from './finding.ts';
import type { ImageFacts } from './image-facts.ts';
import { RUNTIME_ROWS, type RuntimeRow } from './runtime-rows.ts';

/** Read at once. */
const CHUNK_BYTES = 1 << 18;
/** A 64-bit browser has some 60 MiB of constants; what lies beyond is not looked at. */
const MOST_SCANNED_BYTES = 96 << 20;

interface Pattern {
  readonly row: RuntimeRow;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly confidence: 'certain' | 'likely';
}

interface Window {
  readonly start: number;
  readonly end: number;
}

/** The libraries found, each once, with the place of its first mark. */
export function scanRuntimes(facts: ImageFacts): RuntimeMarker[] {
  const patterns = RUNTIME_ROWS.flatMap((row) =>
    row.marks.map(({ text, confidence }) => ({ row, text, confidence, bytes: latinBytes(text) })),
  );
  const found = new Map<RuntimeRow, { readonly pattern: Pattern; readonly offset: number }>();
  let budget = MOST_SCANNED_BYTES;
  for (const { start, end } of dataWindows(facts)) {
    const stop = Math.min(end, start + budget);
    scanWindow(facts.source, { start, end: stop }, patterns, (pattern, offset) => {
      const known = found.get(pattern.row);
      if (known === undefined || (known.pattern.confidence === 'likely' && pattern.confidence === 'certain'))
        found.set(pattern.row, { pattern, offset });
    });
    budget -= Math.max(0, stop - start);
  }
  return RUNTIME_ROWS.flatMap((row) => {
    const largest = row.largestPageBytes(facts.machine);
    const common = { name: row.name, ...(typeof largest === 'number' ? { largestPageBytes: largest } : {}) };
    if (facts.interpreter !== undefined && row.interpreter?.test(facts.interpreter))
      return { ...common, confidence: 'certain', evidence: `the program interpreter ${facts.interpreter}` };
    const hit = found.get(row);
    if (hit === undefined) return [];
    const evidence = `${JSON.stringify(hit.pattern.text)} at offset 0x${hit.offset.toString(16)}`;
    return { ...common, confidence: hit.pattern.confidence, evidence, offset: BigInt(hit.offset) };
  });
}

/** Data: sections that are in memory and not code; without section headers, the PT_LOADs, those without code first. */
function dataWindows({ elf, source, loads }: ImageFacts): Window[] {
  const sections = elf.sectionHeaders
    .filter(({ type, flags }) => type !== SHT.NOBITS && (flags & SHF.ALLOC) !== 0n && (flags & SHF.EXECINSTR) === 0n)
    .map(({ offset, size }) => clip(source.size, offset, size))
    .filter(({ start, end }) => end > start);
  if (sections.length > 0) return merge(sections);
  const segments = loads.map(({ flags, offset, filesz }) => ({ flags, ...clip(source.size, offset, filesz) }));
  const constants = segments.filter(({ flags }) => (flags & PF.X) === 0);
  // Old linkers put constants and code in one segment.
  return merge([...constants, ...segments.filter(({ flags }) => (flags & PF.X) !== 0)]);
}

function clip(size: number, offset: bigint, length: bigint): Window {
  const limit = BigInt(size);
  const start = offset < limit ? offset : limit;
  const end = start + length < limit ? start + length : limit;
  return { start: Number(start), end: Number(end) };
}

/** In file order and without overlap, so that hostile tables cannot make us read anything twice. */
function merge(windows: readonly Window[]): Window[] {
  const merged: { start: number; end: number }[] = [];
  for (const { start, end } of [...windows].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last !== undefined && start <= last.end) last.end = Math.max(last.end, end);
    else merged.push({ start, end });
  }
  return merged;
}

/**
 * Wu and Manber's search: a table of shifts by two-byte blocks lets the scan jump over most of the data.
 * ("A fast algorithm for multi-pattern searching", TR-94-17, University of Arizona, 1994)
 */
function scanWindow(
  source: ByteSource,
  window: Window,
  patterns: readonly Pattern[],
  hit: (pattern: Pattern, offset: number) => void,
): void {
  const shortest = Math.min(...patterns.map(({ bytes }) => bytes.length));
  const longest = Math.max(...patterns.map(({ bytes }) => bytes.length));
  const shifts = new Uint8Array(65_536).fill(shortest - 1);
  const ending = new Map<number, Pattern[]>();
  for (const pattern of patterns) {
    for (let at = 1; at < shortest; at++) {
      const block = (pattern.bytes[at - 1] << 8) | pattern.bytes[at];
      shifts[block] = Math.min(shifts[block], shortest - 1 - at);
      if (at === shortest - 1) ending.set(block, [...(ending.get(block) ?? []), pattern]);
    }
  }
  for (let start = window.start; start < window.end; start += CHUNK_BYTES) {
    // Neighbouring chunks share the length of a text, so that none is missed between them.
    const chunk = source.read(start, Math.min(CHUNK_BYTES + longest - 1, window.end - start));
    for (let at = shortest - 1; at < chunk.length; ) {
      const block = (chunk[at - 1] << 8) | chunk[at];
      const shift = shifts[block];
      if (shift > 0) {
        at += shift;
        continue;
      }
      const first = at - shortest + 1;
      for (const pattern of ending.get(block) ?? [])
        if (startsWith(chunk, first, pattern.bytes)) hit(pattern, start + first);
      at++;
    }
  }
}

function startsWith(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  if (at + wanted.length > bytes.length) return false;
  for (let index = 0; index < wanted.length; index++) if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

function latinBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
