// Which instructions a CPU model has, against iced-x86's knowledge of CPUID features.
import { Code, CpuidFeature, DecoderOptions, Decoder as IcedDecoder } from 'iced-x86';
import { describe, expect, it } from 'vitest';
import { DecodeResult, Decoder } from '../decode/decoder.ts';
import { createInstruction } from '../decode/instruction.ts';
import { buildOpcodeMap } from '../decode/opcode-map.ts';
import { type CpuModel, findCpuModel } from '../state/models/cpu-model.ts';
import { FEATURES } from '../state/models/feature-rows.ts';
import { createEncoded, encodeRow } from '../test-support/instruction-encoder.ts';
import { Random } from '../test-support/random.ts';
import { instructionFamilies } from './index.ts';
import { featuresOfRow } from './row-features.ts';

/** iced's names for ours; what every processor with CPUID has is absent. */
const NAMES: Readonly<Record<string, string>> = {
  FPU: 'fpu',
  TSC: 'tsc',
  CX8: 'cx8',
  CMOV: 'cmov',
  MULTIBYTENOP: 'cmov',
  CLFSH: 'clflush',
  MMX: 'mmx',
  FXSR: 'fxsr',
  SSE: 'sse',
  SSE2: 'sse2',
  SSE3: 'sse3',
  SSSE3: 'ssse3',
  SSE4_1: 'sse4.1',
  SSE4_2: 'sse4.2',
  POPCNT: 'popcnt',
  CMPXCHG16B: 'cx16',
  MOVBE: 'movbe',
  AES: 'aes',
  PCLMULQDQ: 'pclmulqdq',
  VAES: 'vaes',
  VPCLMULQDQ: 'vpclmulqdq',
  XSAVE: 'xsave',
  XSAVEOPT: 'xsaveopt',
  XSAVEC: 'xsavec',
  AVX: 'avx',
  F16C: 'f16c',
  FMA: 'fma',
  AVX2: 'avx2',
  BMI1: 'bmi1',
  BMI2: 'bmi2',
  LZCNT: 'lzcnt',
  ADX: 'adx',
  SHA: 'sha',
  RDRAND: 'rdrand',
  RDSEED: 'rdseed',
  RDPID: 'rdpid',
  RDTSCP: 'rdtscp',
  FSGSBASE: 'fsgsbase',
  CLFLUSHOPT: 'clflushopt',
  CLWB: 'clwb',
  SYSCALL: 'syscall',
  SEP: 'sep',
};
/** Hints that do nothing on processors without their feature, privileged instructions, and what iced gets wrong: PADDQ on MMX came with SSE2. */
const NOT_COMPARED = /^(nop|pause|tzcnt|lzcnt|endbr|privileged|paddq$|lahf|sahf|xsetbv)/;
const model = (name: string) => findCpuModel(name) as CpuModel;

describe('the rows of a CPU model', () => {
  it.each(['x86-64-v1', 'x86-64-v2', 'x86-64-v3', 'SandyBridge', 'Westmere', 'Haswell', 'max', 'max,-bmi2,-sha,-movbe'])(
    '%s: those whose features iced names',
    (name) => {
      const { features } = model(name);
      const decoder = new Decoder(buildOpcodeMap(instructionFamilies, 64, features));
      const random = new Random(20261121);
      const encoded = createEncoded();
      const instruction = createInstruction();
      const wrong = new Set<string>();
      let compared = 0;
      for (const family of instructionFamilies) {
        family.rows.forEach((row, position) => {
          const mnemonic = family.mnemonic + (family.suffixes?.[position] ?? '');
          if (row.encoding.modes === '32' || NOT_COMPARED.test(mnemonic)) return;
          for (let round = 0; round < 24; round += 1) {
            if (!encodeRow(random, family, row, 1, 0x800_0000, encoded)) continue;
            const bytes = encoded.bytes.slice(0, encoded.length);
            const iced = new IcedDecoder(64, bytes, DecoderOptions.None);
            const theirs = iced.decode();
            if (theirs.code !== Code.INVALID) {
              const needed = [...theirs.cpuidFeatures()].map((feature) => NAMES[CpuidFeature[feature]]);
              const isThere = needed.every((feature) => feature === undefined || features.has(feature));
              const isOurs = decoder.decode(encoded.bytes, 0, encoded.length, 0, instruction) === DecodeResult.Ok && instruction.candidate.row === row;
              if (isThere !== isOurs) wrong.add(`${isOurs ? 'has' : 'lacks'} ${mnemonic} ${row.encoding.text}: ${Buffer.from(bytes).toString('hex')}`);
              compared += 1;
            }
            theirs.free();
            iced.free();
          }
        });
      }
      expect([...wrong]).toEqual([]);
      expect(compared).toBeGreaterThan(5000);
    },
  );

  it('need only features that the table has', () => {
    const known = new Set(FEATURES.map(({ name }) => name));
    const unknown = instructionFamilies.flatMap((family) =>
      family.rows.flatMap((_, position) => featuresOfRow(family, position).filter((feature) => !known.has(feature))),
    );
    expect([...new Set(unknown)]).toEqual([]);
  });

  it.each([
    ['x86-64-v2', 'tzcnt eax, ecx is bsf', [0xf3, 0x0f, 0xbc, 0xc1], 'bsf'],
    ['x86-64-v2', 'lzcnt eax, ecx is bsr', [0xf3, 0x0f, 0xbd, 0xc1], 'bsr'],
    ['x86-64-v3', 'lzcnt eax, ecx', [0xf3, 0x0f, 0xbd, 0xc1], 'lzcnt'],
    ['x86-64-v1', 'popcnt eax, ecx is nothing', [0xf3, 0x0f, 0xb8, 0xc1], undefined],
    ['max', 'xbegin is nothing', [0xc7, 0xf8, 0, 0, 0, 0], undefined],
    ['max', 'xtest is nothing', [0x0f, 0x01, 0xd6], undefined],
    ['max', 'rdpkru is nothing', [0x0f, 0x01, 0xee], undefined],
    ['max', 'xsaves is nothing', [0x0f, 0xc7, 0x28], undefined],
    ['max', 'tpause is nothing', [0x66, 0x0f, 0xae, 0xf1], undefined],
    ['max', 'serialize is nothing', [0x0f, 0x01, 0xe8], undefined],
    ['max', 'movdiri is nothing', [0x0f, 0x38, 0xf9, 0x08], undefined],
  ] as const)('%s: %s', (name, _title, bytes, mnemonic) => {
    const decoder = new Decoder(buildOpcodeMap(instructionFamilies, 64, model(name).features));
    const instruction = createInstruction();
    const code = Uint8Array.from([...bytes, ...new Array(16 - bytes.length).fill(0)]);
    const known = decoder.decode(code, 0, 15, 0, instruction) === DecodeResult.Ok;
    expect(known ? instruction.candidate.mnemonic : undefined).toBe(mnemonic);
  });

  it.each([
    ['486', 'cmovo ecx, eax', [0x0f, 0x40, 0xc8], false],
    ['486', 'cmpxchg8b [eax]', [0x0f, 0xc7, 0x08], false],
    ['486', 'rdtsc', [0x0f, 0x31], false],
    ['486', 'cpuid', [0x0f, 0xa2], true],
    ['486', 'nop dword [eax]', [0x0f, 0x1f, 0x00], false],
    ['486', 'pause is nop', [0xf3, 0x90], true],
    ['486', 'xadd ecx, eax', [0x0f, 0xc1, 0xc1], true],
    ['pentium', 'cmpxchg8b [eax]', [0x0f, 0xc7, 0x08], true],
    ['pentium', 'movd mm0, eax', [0x0f, 0x6e, 0xc0], false],
    ['pentium2', 'movd mm0, eax', [0x0f, 0x6e, 0xc0], true],
    ['pentium2', 'addps xmm0, xmm0', [0x0f, 0x58, 0xc0], false],
    ['pentium3', 'addps xmm0, xmm0', [0x0f, 0x58, 0xc0], true],
    ['pentium3', 'addpd xmm0, xmm0', [0x66, 0x0f, 0x58, 0xc0], false],
    ['pentium3', 'pmaxub mm0, mm0', [0x0f, 0xde, 0xc0], true],
    ['pentium3', 'paddq mm0, mm0', [0x0f, 0xd4, 0xc0], false],
    ['pentium3', 'sfence', [0x0f, 0xae, 0xf8], true],
    ['pentium3', 'mfence', [0x0f, 0xae, 0xf0], false],
    ['pentium3', 'lahf', [0x9f], true],
  ] as const)('%s in 32-bit mode: %s', (name, _title, bytes, expected) => {
    const decoder = new Decoder(buildOpcodeMap(instructionFamilies, 32, model(name).features), 32);
    const code = Uint8Array.from([...bytes, ...new Array(16 - bytes.length).fill(0)]);
    expect(decoder.decode(code, 0, 15, 0, createInstruction()) === DecodeResult.Ok).toBe(expected);
  });
});
