// The text of docs/reference/page-policies.md, made of the policy rows and of what they do with three images.
import {
  damage,
  findPagePolicy,
  type LoadSegment,
  PAGE_POLICIES,
  type PagePolicy,
  protectionChanges,
} from '../packages/pagesize/src/index.ts';

const HOST_PAGES = [0x1000, 0x4000, 0x10000];

interface Sample {
  readonly name: string;
  readonly meaning: string;
  readonly segments: readonly LoadSegment[];
}

function segment(
  flags: number,
  offset: bigint,
  vaddr: bigint,
  filesz: bigint,
  memsz: bigint,
  align: bigint,
): LoadSegment {
  return { flags, offset, vaddr, filesz, memsz, align };
}

// biome-ignore format: one segment per line
const SAMPLES: readonly Sample[] = [
  {
    name: 'bun',
    meaning: 'an executable as `bun build --compile` made it in 2026: code linked for 4 KiB, data with p_align 16 KiB',
    segments: [
      segment(4, 0n,          0x200000n,  0x22a9350n, 0x22a9350n, 0x1000n),
      segment(5, 0x22a9400n,  0x24aa400n, 0x3c41da0n, 0x3c41da0n, 0x1000n),
      segment(6, 0x5eed1a0n,  0x60ed1a0n, 0x8593e60n, 0x8593e60n, 0x4000n),
    ],
  },
  {
    name: 'bss first',
    meaning: 'data with zeros at the end in the same host page as read-only bytes listed before it',
    segments: [
      segment(4, 0x3000n, 0x13000n, 0x1000n, 0x1000n, 0x1000n),
      segment(6, 0n,      0x10000n, 0x800n,  0x1800n, 0x4000n),
    ],
  },
  {
    name: 'linked for 64 KiB',
    meaning: 'code and data with `-z max-page-size=65536`',
    segments: [
      segment(5, 0n,      0x400000n, 0x1800n, 0x1800n, 0x10000n),
      segment(6, 0x2000n, 0x412000n, 0x400n,  0x600n,  0x10000n),
    ],
  },
];

/** The whole page. */
export function pagePolicyReference(): string {
  return [HEAD, overview(), SAMPLE_TEXT, ...PAGE_POLICIES.map(policySection), TAIL].join('\n');
}

const HEAD = `# Page policies

<!-- Made by scripts/generate-page-policy-reference.ts from the rows in packages/pagesize/src/policies; a test compares. -->

What loaders do with PT_LOADs when the host's page is larger than 4 KiB. \`elf maps --policy NAME --host-page-size 16k FILE\` shows one on a
file, \`elf check\` all of them. A new one is [one file](../how-to/add-a-page-policy.md).

The column AT_PAGESZ is what the guest is told: 4096, the host's page, or the host's page when every segment is aligned to it (by p_align).
The others say what becomes of the image \`bun\` below: refused (errno and rule), or bytes in damaged ranges and pages (4 KiB) with other
permissions.
`;

const SAMPLE_TEXT = `
The images:

${SAMPLES.map(({ name, meaning }) => `- **${name}**: ${meaning}.`).join('\n')}

"Damaged" bytes come from another place than with Linux on 4 KiB pages; how many of them differ depends on the file (\`measureDamage\`).
`;

const TAIL = `
## What is not modelled

- **Two PT_INTERP**, which QEMU since 8.1 refuses: a plan sees PT_LOADs, and for Android PT_GNU_RELRO.
- **A loader that dies while it copies**: QEMU until 8.0 zeroes the rest of a host page and box64 copies into kept pages without asking
  whether they are writable; the plans take the write to succeed.
- **Pages behind the end of the file** are zeros here; a program that touches one that was mapped dies of SIGBUS.
- **musl's ld.so**, the loaders of the BSDs with large pages and WSL1: their page rules were not established.
`;

function overview(): string {
  const head = `\n| policy | loader | AT_PAGESZ | 4 KiB | 16 KiB | 64 KiB |\n|---|---|---|---|---|---|`;
  const rows = PAGE_POLICIES.map((policy) => {
    const results = HOST_PAGES.map((host) => shortResult(policy, SAMPLES[0], host));
    return `| [${policy.name}](#${policy.name.replaceAll('.', '')}) | ${policy.title} | ${auxiliaryPage(policy)} | ${results.join(' | ')} |`;
  });
  return [head, ...rows].join('\n');
}

function auxiliaryPage(policy: PagePolicy): string {
  const [small, large] = [SAMPLES[0], SAMPLES[2]].map(
    ({ segments }) => policy.plan(segments, 0x10000).auxiliaryPageBytes,
  );
  if (small === large) return small === 0x1000 ? '4096' : 'host page';
  return 'by p_align';
}

function policySection(policy: PagePolicy): string {
  const rows = SAMPLES.map((sample) => {
    const results = HOST_PAGES.map((host) => shortResult(policy, sample, host));
    return `| ${sample.name} | ${results.join(' | ')} |`;
  });
  return `
## ${policy.name}

**${policy.title}.** ${policy.description}

| image | 4 KiB | 16 KiB | 64 KiB |
|---|---|---|---|
${rows.join('\n')}

Sources: ${policy.sources.join('; ')}.
`;
}

function shortResult(policy: PagePolicy, { segments }: Sample, host: number): string {
  const plan = policy.plan(segments, host);
  if (plan.refusal !== undefined) return `${plan.refusal.errno} (${plan.refusal.rule})`;
  const lost = damage(plan, segments).reduce((sum, { start, end }) => sum + end - start, 0n);
  const pages = protectionChanges(plan, segments).reduce((sum, { start, end }) => sum + (end - start) / GUEST_PAGE, 0n);
  const parts = [
    lost > 0n ? `**${lost} bytes**` : '',
    pages > 0n ? `${pages} ${pages === 1n ? 'page' : 'pages'}` : '',
  ].filter((part) => part !== '');
  return parts.length > 0 ? parts.join(', ') : 'exact';
}

const GUEST_PAGE = BigInt(findPagePolicy('elf')!.plan([], HOST_PAGES[0]).guestPageBytes);
