// The facts about one ELF file that people ask for first.
import {
  buildId,
  decodeNote,
  dynamicNames,
  dynamicValue,
  type ElfFile,
  findDynamic,
  neededLibraries,
  PF,
  type ProgramHeader,
  PT,
  SHT,
  sharedObjectName,
  toolFingerprint,
} from '@elf/parse';
import { machineText, osabiText } from './file-header-text.ts';
import { fact, sizeText } from './info-text.ts';
import { machineFlagWords } from './machine-flags.ts';
import { printable } from './printable-text.ts';
import { segmentTypeText } from './program-header-table.ts';

const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;
const DT_RPATH = 15n;
const DT_TEXTREL = 22n;
const DT_BIND_NOW = 24n;
const DT_RUNPATH = 29n;
const DT_FLAGS = 30n;
const DT_FLAGS_1 = 0x6fff_fffbn;
const DF_TEXTREL = 4n;
const DF_BIND_NOW = 8n;
const DF_1_NOW = 1n;
const DF_1_PIE = 0x0800_0000n;

const flag = (elf: ElfFile, tag: bigint, bit: bigint) => ((dynamicValue(elf, tag) ?? 0n) & bit) !== 0n;
const hasType = (elf: ElfFile, type: number) => elf.programHeaders.some((header) => header.type === type);

/** The whole summary, one fact a line. */
export function elfSummary(elf: ElfFile): string {
  const { fileHeader: header } = elf;
  const order = header.littleEndian ? 'little-endian' : 'big-endian';
  const words = machineFlagWords(header.machine, header.flags);
  return [
    fact('What', kindText(elf)),
    fact(
      'Machine',
      `${machineText(header.machine)}, ${header.elfClass}-bit, ${order}${words.length > 0 ? ` (${words.join(', ')})` : ''}`,
    ),
    fact('System', systemText(elf)),
    header.type === ET.EXEC || header.type === ET.DYN ? fact('Entry', entryText(elf)) : '',
    process(elf),
    linking(elf),
    segments(elf),
    security(elf),
    fact('Symbols', symbolText(elf)),
    fact('Build id', buildId(elf) ?? 'none'),
    tools(elf),
    problems(elf),
  ].join('');
}

function isPie(elf: ElfFile): boolean {
  return elf.fileHeader.type === ET.DYN && (flag(elf, DT_FLAGS_1, DF_1_PIE) || elf.interpreter !== undefined);
}

function kindText(elf: ElfFile): string {
  const size = sizeText(elf.source.size);
  switch (elf.fileHeader.type) {
    case ET.REL:
      return `object file: code and data before linking, ${size}`;
    case ET.EXEC:
      return `executable for a fixed address, ${size}`;
    case ET.DYN:
      if (isPie(elf)) return `executable for any address (PIE), ${size}`;
      return `shared library${sharedObjectName(elf) === undefined ? ' or statically linked PIE' : ''}, ${size}`;
    case ET.CORE:
      return `core file: the memory of a process that died or was copied, ${size}`;
    default:
      return `ELF file of type ${elf.fileHeader.type}, ${size}`;
  }
}

function systemText(elf: ElfFile): string {
  const name = osabiText(elf.fileHeader);
  for (const note of elf.notes()) {
    const decoded = decodeNote(elf, note);
    if (decoded?.kind === 'gnu-abi-tag')
      return `${name}; needs ${decoded.system} ${decoded.version.join('.')} or later`;
    if (decoded?.kind === 'freebsd-abi-tag') return `${name}; built for FreeBSD ${decoded.osreldate}`;
  }
  return name;
}

/** Who died of what, from the notes of a core file. */
function process(elf: ElfFile): string {
  if (elf.fileHeader.type !== ET.CORE) return '';
  const notes = elf.notes().map((note) => decodeNote(elf, note));
  const own = notes.find((note) => note?.kind === 'core-process');
  const threads = notes.filter((note) => note?.kind === 'core-thread');
  const signal = threads.map((thread) => thread?.kind === 'core-thread' && thread.signal).find((number) => number);
  const command = own?.kind === 'core-process' ? `${printable(own.commandLine)} (pid ${own.pid}), ` : '';
  const end = signal ? `ended by signal ${signal}` : 'no fatal signal recorded';
  return fact('Process', `${command}${threads.length} thread${threads.length === 1 ? '' : 's'}, ${end}`);
}

function entryText(elf: ElfFile): string {
  const { entry } = elf.fileHeader;
  if (entry === 0n) return 'none';
  const symbol = elf.symbolAt(entry);
  return `0x${entry.toString(16)}${symbol !== undefined && symbol.offset === 0n ? ` (${printable(symbol.symbol.name)})` : ''}`;
}

function linking(elf: ElfFile): string {
  const { type } = elf.fileHeader;
  if (type === ET.REL || type === ET.CORE) return '';
  const needed = neededLibraries(elf).map(printable);
  const { interpreter } = elf;
  const how =
    interpreter !== undefined
      ? `dynamic: ${printable(interpreter)} loads it`
      : needed.length > 0
        ? 'dynamic: a program that needs it loads it'
        : findDynamic(elf) === undefined
          ? 'static: nothing else is loaded'
          : 'dynamic section, but no interpreter and no libraries';
  const paths = [...dynamicNames(elf, DT_RPATH), ...dynamicNames(elf, DT_RUNPATH)];
  const name = sharedObjectName(elf);
  return (
    fact('Linking', how) +
    (name === undefined ? '' : fact('Name', printable(name))) +
    (needed.length === 0 ? '' : fact('Needs', needed.join(', '))) +
    (paths.length === 0 ? '' : fact('Searches', paths.map(printable).join(':')))
  );
}

const PURPOSE: Readonly<Record<number, string>> = {
  [PT.DYNAMIC]: 'what the dynamic linker reads',
  [PT.INTERP]: "the interpreter's path",
  [PT.NOTE]: 'notes',
  [PT.PHDR]: 'this table itself',
  [PT.TLS]: 'initial thread-local data',
  [PT.GNU_EH_FRAME]: 'index for unwinding',
  [PT.GNU_STACK]: 'how the stack is to be protected',
  [PT.GNU_RELRO]: 'read-only once relocated',
  [PT.GNU_PROPERTY]: 'program properties',
};

function segments(elf: ElfFile): string {
  if (elf.programHeaders.length === 0) return fact('Segments', 'none');
  const most = Math.min(elf.programHeaders.length, 40);
  const rows = elf.programHeaders.slice(0, most).map((header) => `    ${segmentText(elf, header)}\n`);
  const rest = elf.programHeaders.length - most;
  return `${fact('Segments', `${elf.programHeaders.length}`)}${rows.join('')}${rest > 0 ? `    and ${rest} more\n` : ''}`;
}

function segmentText(elf: ElfFile, header: ProgramHeader): string {
  const name = segmentTypeText(header.type, elf.fileHeader.machine).padEnd(13);
  if (header.type !== PT.LOAD) return `${name} ${PURPOSE[header.type] ?? sizeText(header.filesz)}`;
  const permissions = `${header.flags & PF.R ? 'r' : '-'}${header.flags & PF.W ? 'w' : '-'}${header.flags & PF.X ? 'x' : '-'}`;
  const zeros = header.memsz > header.filesz ? ` and ${sizeText(header.memsz - header.filesz)} of zeros` : '';
  const isCore = elf.fileHeader.type === ET.CORE;
  const use = isCore ? 'memory' : header.flags & PF.X ? 'code' : header.flags & PF.W ? 'variables' : 'constants';
  return `${name} ${permissions} at 0x${header.vaddr.toString(16)}: ${sizeText(header.filesz)} of the file from 0x${header.offset.toString(16)}${zeros} (${use}), aligned to 0x${header.align.toString(16)}`;
}

function security(elf: ElfFile): string {
  const { type } = elf.fileHeader;
  if (type !== ET.EXEC && type !== ET.DYN) return '';
  const stack = elf.programHeaders.find((header) => header.type === PT.GNU_STACK);
  const now =
    dynamicValue(elf, DT_BIND_NOW) !== undefined || flag(elf, DT_FLAGS, DF_BIND_NOW) || flag(elf, DT_FLAGS_1, DF_1_NOW);
  const relro = hasType(elf, PT.GNU_RELRO) ? (now || findDynamic(elf) === undefined ? 'full' : 'partial') : 'none';
  const textRelocations = dynamicValue(elf, DT_TEXTREL) !== undefined || flag(elf, DT_FLAGS, DF_TEXTREL);
  const writable = elf.programHeaders.some((header) => header.type === PT.LOAD && (header.flags & 3) === 3);
  const facts = [
    `PIE ${isPie(elf) ? 'yes' : type === ET.DYN ? 'not applicable (library)' : 'no: always at the same address'}`,
    `NX stack ${stack === undefined ? 'not stated' : stack.flags & PF.X ? 'no: executable stack asked for' : 'yes'}`,
    `RELRO ${relro}`,
    `BIND_NOW ${now ? 'yes' : findDynamic(elf) === undefined ? 'not applicable (static)' : 'no: calls are bound at first use'}`,
    ...(textRelocations ? ['text relocations: code is written while loading'] : []),
    ...(writable ? ['a segment is writable and executable at once'] : []),
  ];
  return fact('Security', facts.join(', '));
}

function symbolText(elf: ElfFile): string {
  const count = (type: number) => {
    const section = elf.sectionHeaders.find((header) => header.type === type);
    return section === undefined ? undefined : Number(section.size) / elf.layout.symbolSize;
  };
  const full = count(SHT.SYMTAB);
  const dynamic = count(SHT.DYNSYM);
  const debug = elf.sectionHeaders.some((section) => elf.sectionName(section) === '.debug_info');
  const parts = [
    full === undefined ? 'stripped of its full table' : `${Math.floor(full)} in the full table`,
    ...(dynamic === undefined ? [] : [`${Math.floor(dynamic)} dynamic`]),
    ...(debug ? ['with DWARF debug information'] : []),
  ];
  return elf.sectionHeaders.length === 0 ? 'no section headers' : parts.join(', ');
}

function tools(elf: ElfFile): string {
  const traces = toolFingerprint(elf);
  if (traces.length === 0) return '';
  return `${fact('Tools', '')}${traces.map(({ tool, role, evidence }) => `    ${tool} (${role}): ${printable(evidence)}\n`).join('')}`;
}

function problems(elf: ElfFile): string {
  if (elf.problems.length === 0) return '';
  const rows = elf.problems.map(({ offset, message }) => `    offset 0x${offset.toString(16)}: ${message}\n`);
  return `${fact('Problems', `${elf.problems.length}`)}${rows.join('')}`;
}
