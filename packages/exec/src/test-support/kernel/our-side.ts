// Our answer to a case: execve of this package with what the kernel had, put into the form the kernel's answer has.
import { Access, Protection, UserMemory } from '@elf/mm';
import { GUEST_PAGE_BYTES } from '@elf/pagesize';
import type { ExecFiles, ExecOutcome, ExecRequest, ExecSuccess } from '../../exec-request.ts';
import { execve } from '../../execve.ts';
import { linuxProfile } from '../../profiles/linux.ts';
import type { EntryState } from './entry-state.ts';
import type { CaseString, KernelCase, KernelFacts } from './kernel-runner.ts';
import { oneMemory } from '../one-memory.ts';

const NOBODY = 65534;
const AT = { HWCAP: 16, HWCAP2: 26, RSEQ_FEATURE_SIZE: 27, RSEQ_ALIGN: 28, SYSINFO: 32, SYSINFO_EHDR: 33 };
const AT_MINSIGSTKSZ = 51;
const WORDS = GUEST_PAGE_BYTES / 4;

/**
 * Executes a case. What is not execve's to decide is taken from `observed`, and nothing else: the vDSO's address, the random
 * bytes, the processor's bits (AT_HWCAP, AT_HWCAP2, AT_MINSIGSTKSZ) and the size of restartable sequences, which grows with
 * the kernel's version.
 */
export function executeOurs(
  kernelCase: KernelCase,
  files: ExecFiles,
  facts: KernelFacts,
  observed: EntryState | undefined,
  more: Partial<ExecRequest> = {},
): ExecOutcome {
  const vector = new Map(observed?.auxiliaryVector.map(([id, value]) => [id, Number.parseInt(value, 16)]));
  const given = (id: number) => vector.get(id) ?? 0;
  const isPrivileged = facts.uid === 0 && !kernelCase.unprivileged;
  const uid = facts.uid === 0 && kernelCase.unprivileged ? NOBODY : facts.uid;
  const gid = facts.uid === 0 && kernelCase.unprivileged ? NOBODY : facts.gid;
  return execve({
    path: latin(kernelCase.path),
    argv: (kernelCase.argv ?? []).map(stringOf),
    envp: kernelCase.envp.map(stringOf),
    files,
    memory: oneMemory(),
    entropy: { fill: (bytes) => bytes.set(Buffer.from(observed?.random ?? '', 'hex')) },
    profile: {
      ...linuxProfile,
      layout: { ...linuxProfile.layout, minimumAddress: facts.minimumAddress },
      compatLayout: { ...linuxProfile.compatLayout, minimumAddress: facts.minimumAddress },
      ...(vector.has(AT.RSEQ_ALIGN) && {
        restartableSequences: { featureBytes: given(AT.RSEQ_FEATURE_SIZE), alignment: given(AT.RSEQ_ALIGN) },
      }),
    },
    credentials: { uid, euid: uid, gid, egid: gid, mayMapLowPages: isPrivileged },
    hardwareCapabilities: {
      hwcap: given(AT.HWCAP),
      hwcap2: given(AT.HWCAP2),
      minimumSignalStackBytes: given(AT_MINSIGSTKSZ),
    },
    limits: kernelCase.limits,
    ...(vector.has(AT.SYSINFO_EHDR) && {
      vdso: {
        address: given(AT.SYSINFO_EHDR),
        ...(vector.has(AT.SYSINFO) && { systemCallEntry: given(AT.SYSINFO) }),
      },
    }),
    ...more,
  });
}

/** The prediction as a state. Protections of unreadable areas change on the way: the space is not to be used after this. */
export function entryStateOf(success: ExecSuccess, contentPages: number): EntryState {
  const { space, marks, stackPointer } = success;
  const maps = space.mapsText().trimEnd().split('\n').filter(Boolean).map(essence);
  const stackArea = space.find(stackPointer);
  const stack = new UserMemory(space).read(stackPointer, (stackArea?.end ?? stackPointer) - stackPointer);
  const registers = Object.entries(success.registers).map(([name, value]) => [name, value.toString(16)]);
  return {
    abi: success.abi,
    registers: {
      fcw: (success.floatingPoint?.controlWord ?? 0x37f).toString(16),
      mxcsr: (success.floatingPoint?.mxcsr ?? 0x1f80).toString(16),
      ...Object.fromEntries(registers),
      rip: success.entry.toString(16),
      rsp: stackPointer.toString(16),
    },
    maps,
    auxiliaryVector: success.auxiliaryVector.map(({ id, value }) => [id, value.toString(16)]),
    stack: stack ?? new Uint8Array(0),
    random: '',
    marks: {
      startCode: marks.startCode,
      endCode: marks.endCode,
      startStack: stackPointer,
      startData: marks.startData,
      endData: marks.endData,
      startBrk: success.brk,
      argumentStart: marks.argumentStart,
      argumentEnd: marks.argumentEnd,
      environmentStart: marks.environmentStart,
      environmentEnd: marks.environmentEnd,
    },
    content: contentOf(success, contentPages),
  };
}

function contentOf({ space }: ExecSuccess, contentPages: number): Record<string, string> {
  const content: Record<string, string> = {};
  const areas = space.areas.map(({ start, end, protection }) => ({ start, end, protection }));
  for (const { start, end, protection } of areas) {
    // A tracer reads whatever the protection says.
    if ((protection & Protection.Read) === 0) space.protect(start, end - start, Protection.Read);
    const last = Math.min(end, start + contentPages * GUEST_PAGE_BYTES);
    let hashes = '';
    for (let page = start; page < last; page += GUEST_PAGE_BYTES) {
      const frame = space.resolve(page, Access.Read);
      hashes += frame < 0 ? '-'.repeat(16) : pageHash(new Uint32Array(space.memory.u8.buffer, frame, WORDS));
    }
    content[start.toString(16)] = hashes;
  }
  return content;
}

/** The runner's hash of a page (print_page_hash). */
function pageHash(words: Uint32Array): string {
  let a = 1;
  let b = 2;
  for (const word of words) {
    a = Math.imul(a ^ word, 0x01000193);
    b = Math.imul((b + word) | 0, 0x85ebca6b);
    b = (b << 13) | (b >>> 19);
  }
  return [a, b].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}

function essence(line: string): string {
  const [range, permissions, offset, , , ...name] = line.trimEnd().split(/ +/);
  return [range, permissions, offset, ...name].join(' ');
}

function stringOf(text: CaseString): Uint8Array {
  return typeof text === 'number' ? new Uint8Array(text).fill(0x78) : latin(text);
}

function latin(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
