// Notes by owner, and the notes of core files.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../../byte-source.ts';
import { coreImage, SHAPES, sampleImage } from '../../../test-support/sample-image.ts';
import { parseElf } from '../elf.ts';
import { buildId, decodeNote } from './decode-note.ts';

describe.each(SHAPES.map((shape) => [`ELF${shape.elfClass} ${shape.littleEndian ? 'LE' : 'BE'}`, shape] as const))(
  '%s',
  (_, shape) => {
    it('decodes the notes of every owner', () => {
      const elf = parseElf(bytesSource(sampleImage(shape)));
      const text = elf.sectionNamed('.text')!.addr;
      expect(elf.notes().map((note) => decodeNote(elf, note))).toMatchObject([
        { kind: 'gnu-abi-tag', system: 'Linux', version: [3, 2, 0] },
        { kind: 'gnu-build-id', buildId: 'deadbeef01' },
        { kind: 'freebsd-abi-tag', osreldate: 1_400_097 },
        { kind: 'freebsd-arch-tag', architecture: 'amd64' },
        { kind: 'freebsd-feature-control', flags: 2 },
        { kind: 'netbsd-ident', version: 1_000_000_000 },
        { kind: 'netbsd-pax', flags: 0x20 },
        { kind: 'openbsd-ident', version: 0 },
        { kind: 'android-ident', apiLevel: 24, ndkVersion: 'rrr', ndkBuild: '8888888' },
        { kind: 'go-build-id', buildId: 'a/b' },
        { kind: 'fdo-packaging', json: '{"type":"deb"}' },
        { kind: 'fdo-dlopen', json: '[{"soname":["libx.so.1"]}]' },
        { kind: 'probe', location: text, provider: 'prov', name: 'probe', arguments: '4@%eax' },
        { kind: 'gnu-property', damaged: false, properties: [{ type: 0xc0000002, value: 3n }] },
      ]);
      expect(buildId(elf)).toBe('deadbeef01');
    });

    it('decodes the notes of core files', () => {
      const elf = parseElf(bytesSource(coreImage(shape)));
      const [thread, process, vector, files, signal, unknown] = elf.notes().map((note) => decodeNote(elf, note));
      expect(thread).toMatchObject({
        kind: 'core-thread',
        signal: 11,
        signalCode: 1,
        pid: 77,
        ppid: 1,
        userTime: 1.5,
        systemTime: 0.25,
        pendingSignals: 0x10n,
      });
      const registers = thread?.kind === 'core-thread' ? thread.registers : [];
      expect(registers.map(({ value }) => value)).toEqual(registers.map((_, index) => BigInt(index + 1)));
      expect(registers.find(({ name }) => name === (shape.elfClass === 64 ? 'rip' : 'eip'))?.value).toBe(
        shape.elfClass === 64 ? 17n : 13n,
      );
      expect(process).toMatchObject({
        kind: 'core-process',
        state: 'R',
        nice: 5,
        flags: 0x400600n,
        uid: 1000,
        gid: 100,
        pid: 77,
        fileName: 'sample',
        commandLine: 'sample --crash',
      });
      expect(vector).toEqual({
        kind: 'core-auxiliary-vector',
        entries: [
          { type: 6n, value: 4096n },
          { type: 3n, value: 0x10040n },
          { type: 0n, value: 0n },
        ],
      });
      expect(files).toMatchObject({
        kind: 'core-files',
        files: [
          { start: 0x1000n, end: 0x3000n, offset: 0n, path: '/bin/sample' },
          { start: 0x3000n, end: 0x4000n, offset: 8192n, path: '/lib/ü.so' },
        ],
      });
      expect(signal).toMatchObject({ kind: 'core-signal', signal: 11, code: 1, address: 0xdeadn });
      expect(unknown).toBeUndefined();
    });
  },
);
