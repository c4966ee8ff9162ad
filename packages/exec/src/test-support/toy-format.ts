// A binary format of a few lines: "\x7fTOY", then code that is mapped as it is, with all four parts of a row.
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import type { BinaryFormat, LoadedImage } from '../binary-format.ts';
import { refuse } from '../binary-format.ts';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFile } from '../exec-request.ts';

const MAGIC = [0x7f, 0x54, 0x4f, 0x59];
const READ_EXECUTE = 5;
const READ_WRITE = 3;
/** Where programs go, where libraries go, and the bytes of magic in front of the code. */
export const TOY_BASE = 0x10000; // not a page size: an address
export const TOY_LIBRARY_BASE = 0x80000;
export const TOY_HEADER_BYTES = 4;
const STACK_BASE = 0x200000;

const isToy = (file: ExecFile) => file.source.read(0, 4).join() === MAGIC.join();

/** The row. */
export const toyFormat: BinaryFormat = {
  name: 'toy',
  load(binprm, context) {
    if (!isToy(binprm.file)) return refuse(ExecErrno.ENOEXEC, 'toy-magic', 'The file does not start with 7f TOY.');
    const space = context.beginNewExec();
    const { source, backing } = binprm.file;
    space.map({ address: TOY_BASE, length: source.size, protection: READ_EXECUTE, fixed: 'replace', backing });
    space.map({ address: STACK_BASE, length: GUEST_PAGE_BYTES, protection: READ_WRITE, fixed: 'replace' });
    const entry = TOY_BASE + TOY_HEADER_BYTES;
    const stackPointer = STACK_BASE + GUEST_PAGE_BYTES;
    const none = { argumentStart: stackPointer, argumentEnd: stackPointer };
    const image: LoadedImage = {
      abi: 'x86-64',
      personality: 'linux',
      registers: {},
      space,
      entry,
      stackPointer,
      brk: TOY_LIBRARY_BASE,
      programEntry: entry,
      loadBias: 0,
      interpreterBase: 0,
      isStackExecutable: false,
      marks: {
        startCode: TOY_BASE,
        endCode: TOY_BASE + source.size,
        startData: TOY_BASE,
        endData: TOY_BASE,
        ...none,
        environmentStart: stackPointer,
        environmentEnd: stackPointer,
      },
      auxiliaryVector: [],
    };
    return { kind: 'loaded', image };
  },
  loadLibrary({ file, space }) {
    if (!isToy(file)) return ExecErrno.ENOEXEC;
    const { source, backing } = file;
    const place = { address: TOY_LIBRARY_BASE, length: source.size, protection: READ_EXECUTE, backing };
    return Math.max(0, -space.map({ ...place, fixed: 'no-replace' }));
  },
  coreDump({ signal, limitInBytes, write }) {
    const dump = Uint8Array.of(...MAGIC, signal);
    return dump.length <= limitInBytes && write(dump);
  },
};
