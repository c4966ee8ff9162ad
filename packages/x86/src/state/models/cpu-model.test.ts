// CPU models: their features, what CPUID answers, and what Linux tells about them.
import { AddressSpace, GuestMemory, Protection, UserMemory } from '@elf/mm';
import { describe, expect, it } from 'vitest';
import { createCpu } from '../../cpu.ts';
import { type CpuModel, cpuModelNames, findCpuModel } from './cpu-model.ts';
import { cpuidLeaf } from './cpuid-leaves.ts';
import { FEATURES, OUTPUT } from './feature-rows.ts';
import { hardwareCapabilities, processorIdentity } from './linux-capabilities.ts';

const model = (name: string) => findCpuModel(name) as CpuModel;

describe('CPU models', () => {
  it.each(cpuModelNames())('$name announces exactly its features', ({ name }) => {
    const { features, basicLeaves, extendedLeaves } = model(name);
    for (const row of FEATURES) {
      const exists = row.leaf <= (row.leaf >= 0x8000_0000 ? extendedLeaves : basicLeaves);
      const bit = cpuidLeaf(model(name), row.leaf, row.subleaf, 64)[OUTPUT[row.register]] & (1 << row.bit);
      if (exists) expect([row.name, bit !== 0]).toEqual([row.name, features.has(row.name)]);
      else expect([row.name, features.has(row.name)]).toEqual([row.name, false]);
    }
  });

  it('levels of the psABI hold what it lists for them', () => {
    const levels = {
      'x86-64-v1': 'cmov cx8 fpu fxsr mmx sse sse2 syscall',
      'x86-64-v2': 'cx16 lahf popcnt sse3 sse4.1 sse4.2 ssse3',
      'x86-64-v3': 'avx avx2 bmi1 bmi2 f16c fma lzcnt movbe xsave',
    };
    let before = new Set<string>();
    for (const [name, added] of Object.entries(levels)) {
      const { features } = model(name);
      for (const feature of added.split(' '))
        expect([feature, features.has(feature), before.has(feature)]).toEqual([feature, true, false]);
      before = new Set(features);
    }
  });

  it('features can be added with what they need and taken away with what needs them', () => {
    expect(model('x86-64-v1,+avx').features.has('sse4.2')).toBe(true);
    const without = model('max,-avx').features;
    expect([...without].filter((name) => ['avx2', 'fma', 'f16c'].includes(name))).toEqual([]);
    expect(without.has('sse4.2')).toBe(true);
    expect(model('max,aes=off').features.has('aes')).toBe(false);
    expect(model('max,-sse4_1').features.has('sse4.2')).toBe(false);
  });

  it('names are forgiving, and a mistake says what there is', () => {
    expect(model('Haswell-noTSX').name).toBe('Haswell');
    expect(model('haswell').name).toBe('Haswell');
    expect(findCpuModel('pentium5')).toMatchObject({ mistake: expect.stringContaining('pentium3') });
    expect(findCpuModel('max,+tsx')).toEqual({ mistake: 'tsx is not a feature of this CPU' });
  });

  it('the auxiliary vector follows', () => {
    expect(hardwareCapabilities(model('x86-64-v3'))).toEqual({
      hwcap: 0x78bfbff & ~0,
      hwcap2: 0,
      minimumSignalStackBytes: 1776,
    });
    expect(hardwareCapabilities(model('max')).hwcap2).toBe(2);
    expect(hardwareCapabilities(model('pentium3'))).toMatchObject({ minimumSignalStackBytes: 1456 });
  });

  it('flags of /proc/cpuinfo have the kernel names', () => {
    const { flags, family, model: number } = processorIdentity(model('max'));
    expect([family, number]).toEqual([6, 0x3c]);
    expect(flags).toEqual(
      expect.arrayContaining(['pni', 'sse4_1', 'abm', 'lahf_lm', 'sha_ni', 'clflush', '3dnowprefetch']),
    );
  });

  it('size of the XSAVE area grows with AVX', () => {
    expect(cpuidLeaf(model('x86-64-v3'), 0xd, 0, 64)).toEqual([7, 832, 832, 0]);
    expect(cpuidLeaf(model('max,-avx'), 0xd, 0, 64)).toEqual([3, 576, 576, 0]);
    expect(cpuidLeaf(model('max,-avx'), 0xd, 2, 64)).toEqual([0, 0, 0, 0]);
  });

  it('SYSCALL is announced in 64-bit mode alone', () => {
    expect(cpuidLeaf(model('max'), 0x8000_0001, 0, 64)[3] & 0x800).toBe(0x800);
    expect(cpuidLeaf(model('max'), 0x8000_0001, 0, 32)[3] & 0x800).toBe(0);
  });

  it('a leaf that is not there answers as the highest basic one', () => {
    expect(cpuidLeaf(model('pentium3'), 0x8000_0000, 0, 32)).toEqual(cpuidLeaf(model('pentium3'), 2, 0, 32));
  });

  it('an instruction outside the model stops the CPU', () => {
    const memory = new GuestMemory();
    const space = new AddressSpace(memory);
    space.map({ address: 0x400000, length: 4096, protection: Protection.Read | Protection.Write, fixed: 'replace' });
    // vaddps ymm0, ymm1, ymm2; syscall
    new UserMemory(space).write(0x400000, Uint8Array.of(0xc5, 0xf4, 0x58, 0xc2, 0x0f, 0x05));
    space.protect(0x400000, 4096, Protection.Read | Protection.Execute);
    const run = (name: string) => {
      const cpu = createCpu(memory, { model: name });
      cpu.attach(space);
      cpu.rip = 0x400000;
      return cpu.run(10);
    };
    expect(run('x86-64-v3')).toEqual({ kind: 'system-call' });
    expect(run('x86-64-v2')).toMatchObject({ kind: 'unsupported', mnemonic: 'vaddps, which needs avx' });
  });
});
