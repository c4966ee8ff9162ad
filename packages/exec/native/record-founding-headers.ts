// Records the header facts of the founding binaries in .elf-cache (numbers and section names, no content) for founding-twins.ts.
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { notesIn, PT, parseElf } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';

const CACHE = fileURLToPath(new URL('../../../.elf-cache/', import.meta.url));
const TARGET = fileURLToPath(new URL('../vectors/founding-headers.json', import.meta.url));
const NAMES = ['claude-2.1.110', 'claude-2.1.329', 'copilot-1.0.49', 'copilot-1.0.102'];
/** The older build this machine may not have: its PT_LOADs and start values are known, the rest of its ten headers is not. */
const FROM_MEASUREMENT: Facts = {
  name: 'claude-2.1.126',
  fileBytes: 0xec9c000,
  header: {
    ...{ ident: [127, 69, 76, 70, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], type: 2, machine: 62, version: 1 },
    ...{ entry: '0x2d2f400', phoff: 64, shoff: 0, flags: 0, ehsize: 64, phentsize: 56, phnum: 10 },
    ...{ shentsize: 64, shnum: 0, shstrndx: 0 },
  },
  interpreter: '/lib64/ld-linux-x86-64.so.2',
  segments: [
    ['0x6', '0x4', '0x40', '0x200040', '0x200040', '0x230', '0x230', '0x8'],
    ['0x3', '0x4', '0x270', '0x200270', '0x200270', '0x1c', '0x1c', '0x1'],
    ['0x1', '0x4', '0x0', '0x200000', '0x200000', '0x2b2e350', '0x2b2e350', '0x1000'],
    ['0x1', '0x5', '0x2b2e400', '0x2d2f400', '0x2d2f400', '0x3b884d0', '0x3b884d0', '0x1000'],
    ['0x1', '0x6', '0x66b88d0', '0x68b88d0', '0x68b88d0', '0xe0028', '0x1ee29c', '0x4000'],
    ['0x1', '0x4', '0x67a4000', '0x6aa7000', '0x6aa7000', '0x84f8000', '0x84f8000', '0x1000'],
    ...Array.from({ length: 4 }, () => Array.from({ length: 8 }, () => '0x0')),
  ],
  notes: [],
  sections: [],
};
const ABI_TAG = 1;
/** Notes further into a PT_NOTE than this are nobody's business before the program runs. */
const NOTE_BYTES = 8192; // not a page size: covers what loaders look at

const hex = (value: number | bigint) => `0x${value.toString(16)}`;

interface Facts {
  readonly name: string;
  readonly fileBytes: number;
  readonly header: Readonly<Record<string, unknown>>;
  readonly interpreter: string | undefined;
  readonly segments: readonly (readonly string[])[];
  readonly notes: readonly unknown[];
  readonly sections: readonly unknown[];
}

function facts(name: string): Facts {
  const source = openFileSource(CACHE + name);
  const elf = parseElf(source, { permissive: true });
  const { header, sectionHeaders, programHeaders } = {
    header: elf.fileHeader,
    sectionHeaders: elf.sectionHeaders,
    programHeaders: elf.programHeaders,
  };
  const {
    ident,
    type,
    machine,
    version,
    entry,
    phoff,
    shoff,
    flags,
    ehsize,
    phentsize,
    phnum,
    shentsize,
    shnum,
    shstrndx,
  } = header;
  const segment = programHeaders.map((row) =>
    [row.type, row.flags, row.offset, row.vaddr, row.paddr, row.filesz, row.memsz, row.align].map(hex),
  );
  const section = sectionHeaders.map((row) => [
    elf.sectionName(row),
    row.nameOffset,
    ...[row.type, row.flags, row.addr, row.offset, row.size, row.link, row.info, row.addralign, row.entsize].map(hex),
  ]);
  const noteHeaders = programHeaders.filter((row) => row.type === PT.NOTE);
  const notes = noteHeaders.flatMap(({ offset, filesz, align }) => {
    const size = filesz > BigInt(NOTE_BYTES) ? 68n : filesz;
    return notesIn(elf, { offset, size, align }).map((note) => {
      const words = new Uint32Array(note.description.slice().buffer);
      const isTag = note.owner === 'GNU' && note.type === ABI_TAG;
      const row = [hex(note.offset), hex(note.descriptionOffset), note.owner, note.nameSize, note.type];
      return [...row, note.description.length, isTag ? [...words] : []];
    });
  });
  return {
    name,
    fileBytes: source.size,
    header: {
      ident: [...ident],
      type,
      machine,
      version,
      entry: hex(entry),
      phoff: Number(phoff),
      shoff: Number(shoff),
      flags,
      ehsize,
      phentsize,
      phnum,
      shentsize,
      shnum,
      shstrndx,
    },
    interpreter: elf.interpreter,
    segments: segment,
    notes,
    sections: section,
  };
}

/** One row a line: JSON that people can compare. */
function asText(rows: readonly Facts[]): string {
  const list = (items: readonly unknown[]) =>
    items.length === 0 ? '[]' : `[\n${items.map((item) => `   ${JSON.stringify(item)}`).join(',\n')}\n  ]`;
  const one = ({ segments, notes, sections, ...rest }: Facts) => {
    const plain = Object.entries(rest).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`);
    return ` {\n${[...plain, `  "segments": ${list(segments)}`, `  "notes": ${list(notes)}`, `  "sections": ${list(sections)}`].join(',\n')}\n }`;
  };
  return `[\n${rows.map(one).join(',\n')}\n]\n`;
}

const missing = NAMES.filter((name) => !existsSync(CACHE + name));
if (missing.length > 0)
  throw new Error(`not in .elf-cache: ${missing.join(', ')}; npm run fetch:founding-binaries gets them`);
writeFileSync(TARGET, asText([...NAMES.map(facts), FROM_MEASUREMENT]));
