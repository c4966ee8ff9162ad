// Parsing from a Blob and over HTTP, with the requests counted.
import { Blob } from 'node:buffer';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AsyncByteSource, asyncReader } from './async-source.ts';
import { blobSource } from './blob-source.ts';
import { bytesSource } from './byte-source.ts';
import { parseElf } from './formats/elf/elf.ts';
import { readSymbolVersions } from './formats/elf/symbol-version.ts';
import { httpSource } from './http-source.ts';
import { ParseError } from './parse-error.ts';
import { SHAPES, sampleImage } from './test-support/sample-image.ts';

const image = sampleImage(SHAPES[0]);

/** The sample far into a large hole, with its program headers still at the start. */
const padded = new Uint8Array(1_000_000);
padded.set(image);

function slow(bytes: Uint8Array): AsyncByteSource & { readonly log: Array<[number, number]> } {
  const log: Array<[number, number]> = [];
  return {
    log,
    size: bytes.length,
    read: async (offset, length) => {
      log.push([offset, length]);
      return bytes.slice(offset, offset + length);
    },
  };
}

describe('asyncReader', () => {
  it('gives what the synchronous parser gives', async () => {
    const expected = parseElf(bytesSource(image));
    const reader = asyncReader(slow(image), { blockSize: 64 });
    const elf = await reader.run((source) => parseElf(source));
    expect(await reader.run(() => elf.programHeaders)).toEqual(expected.programHeaders);
    expect(await reader.run(() => [...elf.symbols('dynsym')!])).toEqual([...expected.symbols('dynsym')!]);
    expect(await reader.run(() => readSymbolVersions(elf).definitions)).toEqual(
      readSymbolVersions(expected).definitions,
    );
    expect(await reader.run(() => elf.symbolAt(expected.sectionNamed('.text')!.addr))).toMatchObject({
      symbol: { name: 'alpha' },
    });
  });

  it.each([1, 7, 64, 4096])('asks for nothing twice (blocks of %i)', async (blockSize) => {
    const source = slow(image);
    const reader = asyncReader(source, { blockSize });
    await reader.run((bytes) => {
      const elf = parseElf(bytes);
      return [elf.interpreter, elf.sectionHeaders.map((section) => elf.sectionName(section))];
    });
    expect(new Set(source.log.map(String)).size).toBe(source.log.length);
    expect(reader.requests).toBe(source.log.length);
  });

  it('reads only the blocks it needs', async () => {
    const reader = asyncReader(slow(padded), { blockSize: 4096 });
    expect(await reader.run((source) => parseElf(source).interpreter)).toBe('/lib64/ld-linux-x86-64.so.2');
    expect(reader.bytesRead).toBe(4096);
  });

  it('throws what the parser throws', async () => {
    const reader = asyncReader(slow(new Uint8Array(100)));
    await expect(reader.run((source) => parseElf(source))).rejects.toMatchObject({ code: 'bad-magic' });
  });

  it('does not ask for ever from a source that is shorter than it says', async () => {
    const lying = { size: 1000, read: async () => new Uint8Array(10) };
    await expect(asyncReader(lying).run((source) => parseElf(source))).rejects.toMatchObject({
      code: 'truncated',
      format: 'source',
    });
  });

  it('runs over a Blob', async () => {
    const reader = asyncReader(blobSource(new Blob([padded])));
    expect(await reader.run((source) => parseElf(source).interpreter)).toBe('/lib64/ld-linux-x86-64.so.2');
    expect(reader.bytesRead).toBeLessThan(20_000);
  });
});

describe('httpSource', () => {
  let server: Server;
  let base = '';
  beforeAll(async () => {
    server = createServer((request, response) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
      if (request.url === '/missing') return response.writeHead(404).end();
      if (request.url === '/whole' || range === null) return response.writeHead(200).end(padded);
      const [start, end] = [Number(range[1]), Math.min(Number(range[2]), padded.length - 1)];
      response.writeHead(206, { 'content-range': `bytes ${start}-${end}/${padded.length}` });
      return response.end(padded.subarray(start, end + 1));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('parses from ranges', async () => {
    const source = await httpSource(`${base}/program`, fetch);
    const reader = asyncReader(source, { blockSize: 4096 });
    expect(source.size).toBe(padded.length);
    expect(await reader.run((bytes) => parseElf(bytes).interpreter)).toBe('/lib64/ld-linux-x86-64.so.2');
    expect(reader.requests).toBe(1);
  });

  it.each(['/whole', '/missing'])('refuses %s', async (path) => {
    const error = await httpSource(base + path, fetch).catch((reason: unknown) => reason);
    expect(ParseError.isInstance(error) && error.code).toBe('unsupported');
  });
});
