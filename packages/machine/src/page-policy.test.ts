// Programs under the page policies of emulators: the pair of LATX's pull request 304, and what a crash report says of it.
import { readFileSync } from 'node:fs';
import { findPagePolicy } from '@elf/pagesize';
import { describe, expect, it } from 'vitest';
import { type CrashReport, formatCrashReport } from './crash-report.ts';
import { createMachine, type MachineOptions } from './create-machine.ts';
import { createMemoryHost } from './index.ts';

const WIDENED = readFileSync(new URL('../../../fixtures/widened-asm/widened', import.meta.url));
const PAGE_16K = 0x4000;

async function runWidened(options: Omit<MachineOptions, 'host'>) {
  const output: number[] = [];
  const reports: CrashReport[] = [];
  const host = createMemoryHost({ files: { '/widened': WIDENED }, onOutput: (part) => output.push(...part) });
  const machine = createMachine({ host, ...options, onCrash: (report) => reports.push(report) });
  const outcome = await machine.run({ path: '/widened' });
  return { outcome, output: Buffer.from(output).toString(), reports };
}

describe('a data segment that is widened over .plt', () => {
  it.each(['latx-304', 'qemu-8.1', 'elf'])('prints on 16 KiB pages under %s', async (name) => {
    const pagePolicy = findPagePolicy(name);
    const { outcome, output } = await runWidened({ pagePolicy, hostPageBytes: PAGE_16K });
    expect({ outcome, output }).toEqual({ outcome: { kind: 'exited', code: 0 }, output: 'nothing damaged\n' });
  });

  it.each(['latx-pre304', 'qemu-3.1-8.0'])('dies of zeros in .plt under %s, and the report says why', async (name) => {
    const pagePolicy = findPagePolicy(name);
    const { outcome, output, reports } = await runWidened({ pagePolicy, hostPageBytes: PAGE_16K });
    expect(outcome).toMatchObject({ kind: 'signaled', signal: 11 });
    expect(output).toBe('');
    expect(reports).toHaveLength(1);
    const [report] = reports;
    expect(report.instructionAddress).toBe(0x404010);
    expect([...report.instructionBytes.subarray(0, 2)]).toEqual([0, 0]);
    const where = {
      start: 0x404000n,
      end: 0x4041a0n,
      lost: { index: 0, flags: 'R E', start: 0x401000n, end: 0x4041a0n },
      by: { index: 1, flags: 'RW ', start: 0x405000n, end: 0x405010n },
    };
    expect(report.pageDamage).toEqual({
      policy: name,
      hostPageBytes: PAGE_16K,
      ranges: [{ ...where, path: '/widened', differingBytes: 9, sections: ['.plt'] }],
    });
    const text = formatCrashReport(report);
    expect(text).toContain(
      `page policy ${name} on 16384-byte pages loaded 9 bytes wrong, before the first instruction`,
    );
    expect(text).toContain('0x404000-0x4041a0 .plt: 9 bytes of /widened - the instruction is here');
    expect(text).toContain(
      'they belong to PT_LOAD 0 (R E, 0x401000-0x4041a0) and were lost to PT_LOAD 1 (RW, 0x405000-0x405010)',
    );
  });

  it('is refused by a kernel with 16 KiB pages, by name of the rule', async () => {
    const { outcome } = await runWidened({ hostPageBytes: PAGE_16K });
    expect(outcome).toMatchObject({ kind: 'refused', rule: 'load-congruence' });
  });

  it('starts on another stack with another seed, and on the same one with the same', async () => {
    const stackOf = async (randomizationSeed: number) => {
      const options = { pagePolicy: findPagePolicy('latx-pre304'), hostPageBytes: PAGE_16K, randomizationSeed };
      return (await runWidened(options)).reports[0].registers.rsp;
    };
    expect(await stackOf(7)).toBe(await stackOf(7));
    expect(await stackOf(7)).not.toBe(await stackOf(8));
  });
});
