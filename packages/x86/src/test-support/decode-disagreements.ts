// table: where our decoder and iced-x86 differ, why ours stands, and the page that says so.
import type { Disagreement } from './decode-comparison.ts';

interface Row {
  readonly kind: Disagreement;
  /** CPUID features as iced names them for what we lack; our mnemonics, after iced's where both decode. */
  readonly names: RegExp;
  readonly why: string;
  /** Not put to the processor: it would not come back. */
  readonly isHarmful?: boolean;
  /** Encodings of each kind, with the modes they are for; both sides raise #UD, or both execute. */
  readonly examples?: readonly (readonly [hex: string, mode: 32 | 64, outcome: 'refuses' | 'executes'])[];
}

// biome-ignore format: one row per line
const ROWS: readonly Row[] = [
  { kind: 'missing', names: /^(AVX512\w*|AMX_\w+|AVX_VNNI|GFNI|MOVDIRI|MOVDIR64B|ENQCMD|PTWRITE|SERIALIZE|RTM|HLE_or_RTM|TSXLDTRK|XSAVES|INVPCID)$/, why: "a feature that recent Intel processors have and no model of ours announces: #UD, as on processors without it (AMX only where its tiles are configured; INVPCID and XSAVES are #GP for user programs)" },
  { kind: 'missing', names: /^(AVX_IFMA|AVX_NE_CONVERT|AVX_VNNI_INT8|AVX_VNNI_INT16|SHA512|SM3|SM4|CMPCCXADD|RAO_INT|KL|AESKLE|WIDE_KL|WAITPKG|UINTR|PKU|CET_SS|HRESET|USER_MSR|AVX10\w*|APX_F|MOVRS)$/, why: 'a newer feature that neither the processor of the page nor any model of ours announces or enables' },
  { kind: 'missing', names: /^(D3NOW|D3NOWEXT|FMA4|XOP|SSE4A|TBM|LWP|CLZERO|MONITORX|MCOMMIT|RDPRU|OSS|PADLOCK_\w+|CYRIX_\w+|GEODE|KNC|MVEX)$/, why: "a feature of another vendor's processors: ours say GenuineIntel" },
  { kind: 'missing', names: /^(VMX|INVEPT|INVVPID|SVM|SKINIT_or_SVM|SMM|SMX|MONITOR|INVLPGB|LKGS|FRED|MSRLIST|WRMSRNS|PCONFIG|SEV_ES|SEV_SNP|RMPQUERY|SGX1|SMAP|TDX|TSE|PBNDKB|SEAM\w*)$/, why: "a system's instruction that raises #UD for user programs, or where its feature is not enabled; a hypervisor may answer VMCALL and VMMCALL, SGX and TDX processors their own" },
  { kind: 'missing', names: /^SYSCALL$/, why: "SYSRET in 32-bit mode, which AMD's processors have and Intel's refuse" },
  { kind: 'missing', names: /^SEP$/, isHarmful: true, why: "SYSENTER in 64-bit mode: Intel's processors have it, but Linux returns from it into 32-bit code, so that no 64-bit program can use it; the encoding is not in our 64-bit rows" },
  { kind: 'we-accept', names: /^mov$/, why: 'a move to CS or to or from a segment register 6 or 7: decodes, #UD when executed', examples: [['8cf0', 64, 'refuses'], ['8ecb', 32, 'refuses'], ['448cd8', 64, 'executes']] },
  { kind: 'we-accept', names: /^privileged\.mov [cd]r$/, why: 'a control or debug register that is not there: decodes, #UD when executed (before #GP for the privilege)', examples: [['0f20c8', 64, 'refuses'], ['0f22e8', 32, 'refuses']] },
  { kind: 'we-accept', names: /^movbe$/, why: 'MOVBE with F3: decodes, #UD when executed', examples: [['f30f38f000', 64, 'refuses']] },
  { kind: 'we-accept', names: /^rd(rand|seed)$/, why: 'RDRAND and RDSEED with F2 or F3: decode, #UD when executed', examples: [['f20fc7f0', 64, 'refuses'], ['f30fc7f0', 32, 'refuses']] },
  { kind: 'we-accept', names: /^vp?gather[dq](ps|pd|d|q)$/, why: 'a gather that names one vector register twice: decodes, #UD when executed (SDM vol. 2, VPGATHERDD)', examples: [['c4e269900c08', 64, 'refuses'], ['c4e271901408', 32, 'refuses']] },
  { kind: 'mnemonic', names: /^senduipi: rdrand$/, why: "SENDUIPI of a newer feature, whose encoding is RDRAND's with F3: decodes as that, #UD when executed", examples: [['f30fc7f0', 64, 'refuses']] },
  { kind: 'mnemonic', names: /^(v?pcmpestr[im])64: \1$/, why: 'one name for both sizes of the lengths', examples: [['c4e3f961c10c', 64, 'executes']] },
];

/** The listed disagreement that one is, undefined when it is none. Of several features of an instruction, one we lack is enough. */
export function findDisagreement(kind: Disagreement, detail: string): Row | undefined {
  const parts = kind === 'missing' ? detail.split('+') : [detail];
  return ROWS.find((row) => row.kind === kind && parts.some((part) => row.names.test(part)));
}

/** The examples of all rows, for tests. */
export function disagreementExamples() {
  return ROWS.flatMap(({ names, examples }) =>
    (examples ?? []).map(([hex, mode, outcome]) => ({
      name: `${hex} in ${mode}-bit mode (${names.source})`,
      bytes: Uint8Array.from(Buffer.from(hex, 'hex')),
      mode,
      outcome,
    })),
  );
}

interface Figure {
  readonly what: string;
  readonly mode: 32 | 64;
  readonly compared: number;
  readonly agreed: number;
}
interface Judged {
  readonly kind: Disagreement;
  readonly detail: string;
  readonly counts: Readonly<Record<32 | 64, number>>;
  readonly hardware: string;
  readonly ours: string;
}

const TITLES: Readonly<Record<Disagreement, string>> = {
  missing: 'What iced decodes and we do not',
  'we-accept': 'What we decode and iced does not',
  mnemonic: 'Other names',
  length: 'Other lengths',
};
const number = (value: number) => value.toLocaleString('en-US');

/** docs/reference/decoder-disagreements.md. */
export function disagreementsPage(figures: readonly Figure[], judged: readonly Judged[]): string {
  const lines = [
    '# Where the decoder and iced-x86 disagree',
    '',
    '<!-- Made by `npm run compare:decoders -- --page` from packages/x86/src/test-support/decode-disagreements.ts; a test compares every run with that list. -->',
    '',
    'Length and mnemonic of every instruction, ours beside iced-x86 1.21. Encodings that both refuse count as agreeing.',
    '',
    '| bytes | mode | compared | agree | disagree |',
    '|---|---|---|---|---|',
    ...figures.map(
      ({ what, mode, compared, agreed }) =>
        `| ${what} | ${mode} | ${number(compared)} | ${number(agreed)} | ${number(compared - agreed)} |`,
    ),
    '',
    'All of them are listed here; a test fails on one that is not. The columns "processor" and "ours" say what up to 256 encodings of each kind and mode',
    'came to when they were executed: `refuses` is #UD, `executes` anything else, exceptions of the instruction itself included. The processor is an',
    'Intel Xeon with AVX-512 and AMX (Sapphire Rapids).',
  ];
  for (const kind of ['missing', 'we-accept', 'mnemonic', 'length'] as const) {
    lines.push('', `## ${TITLES[kind]}`, '');
    const rows = ROWS.filter((row) => row.kind === kind);
    if (rows.length === 0) lines.push('None.');
    for (const [index, row] of rows.entries()) {
      if (index > 0) lines.push('');
      lines.push(`${row.why[0].toUpperCase()}${row.why.slice(1)}.`, '');
      lines.push(
        `| ${kind === 'missing' ? 'feature' : kind === 'we-accept' ? 'our mnemonic' : "iced's and ours"} | 64-bit | 32-bit | processor | ours |`,
        '|---|---|---|---|---|',
      );
      for (const { detail, counts, hardware, ours } of judged.filter(
        (entry) => entry.kind === kind && findDisagreement(kind, entry.detail) === row,
      ))
        lines.push(
          `| ${detail.replaceAll('+', ', ')} | ${number(counts[64])} | ${number(counts[32])} | ${hardware} | ${ours} |`,
        );
    }
  }
  return `${lines.join('\n')}\n`;
}
