// elf check on the twins of the founding binaries as files: sparse ones of the original size, with a PLT of our own making.
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkCommand } from '../apps/cli/src/commands/check.ts';
import { foundingTwin } from '../packages/exec/src/test-support/founding-twins.ts';

/** Where .plt and .iplt lie in claude-2.1.110, and where QEMU 3.1 takes their page from on 16 KiB pages (loader-vectors, table 5.2). */
const PLT = { wanted: 0x65d7000, got: 0x65d8000, bytes: 0x2350 };
const CHUNK = 1 << 20;
const HOLE = Buffer.alloc(CHUNK);

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'elf-twins-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Writes a twin, leaving holes where it has zeros, and then `overlay` at an offset. */
function materialise(name: string, overlay?: { readonly offset: number; readonly bytes: Uint8Array }): string {
  const source = foundingTwin(name);
  const path = join(folder, name);
  const descriptor = openSync(path, 'w', 0o755);
  ftruncateSync(descriptor, source.size);
  for (let offset = 0; offset < source.size; offset += CHUNK) {
    const bytes = source.read(offset, CHUNK);
    if (!HOLE.subarray(0, bytes.length).equals(bytes)) writeSync(descriptor, bytes, 0, bytes.length, offset);
  }
  if (overlay !== undefined) writeSync(descriptor, overlay.bytes, 0, overlay.bytes.length, overlay.offset);
  closeSync(descriptor);
  return path;
}

async function check(...args: string[]) {
  let out = '';
  const io = { stdout: (text: string) => void (out += text), stderr: (text: string) => void (out += text) };
  const host = { environment: {}, hasColors: false, isTerminal: false, terminal: undefined };
  return { status: await checkCommand(args, io, host), out };
}

describe('elf check on founding binaries', () => {
  it('claude-2.1.110: counts the bytes of its PLT that QEMU 3.1 gets wrong on 16 KiB pages', async () => {
    // Sixteen bytes a slot, the number of the slot in each; behind them the linker left a gap of zeros.
    const slots = Uint8Array.from({ length: PLT.bytes }, (_, index) =>
      index % 16 < 2 ? 0xff : ((index >> 4) * 7 + index) & 0xff,
    );
    const expected = slots.filter((byte, index) => byte !== (slots[index + PLT.got - PLT.wanted] ?? 0)).length;
    const path = materialise('claude-2.1.110', { offset: PLT.wanted, bytes: slots });
    const { status, out } = await check('--host-page-size', '16k', path);
    expect(status).toBe(1);
    expect(out).toMatch(new RegExp(`^qemu-3\\.1-8\\.0 +${expected} bytes wrong$`, 'm'));
    expect(out).toMatch(new RegExp(`^latx-pre304 +${expected} bytes wrong$`, 'm'));
    expect(out).toMatch(/^latx-304 +loads$/m);
    expect(out).toMatch(/ELF-PG-DAMAGE \(qemu-3\.1-8\.0, latx-pre304 16K\): .*\.plt, \.iplt/);
    expect((await check('--loader', 'latx-304', '--host-page-size', '16k', path)).status).toBe(0);
    expect(statSync(path).size).toBe(foundingTwin('claude-2.1.110').size);
  });

  it('copilot-1.0.102: refused by FreeBSD, UEK and WSL1, accepted by Linux and gVisor', async () => {
    const path = materialise('copilot-1.0.102');
    const { status, out } = await check('--host-page-size=4k', path);
    expect(status).toBe(1);
    const verdicts = Object.fromEntries(
      [...out.matchAll(/^([\w.-]+) +(loads|refused)$/gm)].map(([, loader, verdict]) => [loader, verdict]),
    );
    expect(verdicts).toMatchObject({
      linux: 'loads',
      gvisor: 'loads',
      'freebsd-linuxulator': 'refused',
      uek: 'refused',
      wsl1: 'refused',
    });
    expect(out).toMatch(/e_phoff is 46337892 .*first page/);
    expect(out).toMatch(/4 mod 8/);
    expect(out).toMatch(/PT_NOTE \d+ has 88760244 bytes/);
    expect(out).toMatch(/different p_aligns/);
    expect(out).toContain(`elf fix --phdrs-first ${path} OUT`);
    expect((await check('--loader', 'linux', '--loader', 'gvisor', '--host-page-size=4k', path)).status).toBe(0);
  });
});
