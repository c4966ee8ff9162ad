// A failing case in words: bytes, disassembly, the state it starts from and what differs.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch } from './batch.ts';
import { caseMode, type Difference, flagText, REGISTER_NAMES } from './compare-case.ts';
import * as layout from './recorder-layout.ts';

/** Text of a case and its differences, for a terminal. */
export function describeCase(batch: Batch, index: number, name: string, differences: readonly Difference[]): string {
  const { bytes } = batch;
  const at = batch.offsetOf(index);
  const code = Buffer.concat([
    bytes.subarray(at + layout.CASE_CODE_AT, at + layout.CASE_CODE_AT + bytes[at + layout.CASE_LENGTH_AT]),
    sequenceCode(bytes, at),
  ]);
  const address = layout.CODE_BASE + bytes.readUInt32LE(at + layout.CASE_OFFSET_AT);
  const mode = caseMode(batch, index);
  const lines = [`${name}: ${code.toString('hex')} at 0x${address.toString(16)}: ${disassemble(code, address, mode)}`];
  for (let register = 0; register < 16; register += 4) {
    const part = [0, 1, 2, 3].map((k) => {
      const value = bytes.readBigUInt64LE(at + layout.GPR_AT + 8 * (register + k));
      return `${REGISTER_NAMES[register + k].padStart(3)} ${value.toString(16).padStart(16, '0')}`;
    });
    lines.push(`  ${part.join('  ')}`);
  }
  const flags = bytes.readUInt32LE(at + layout.FLAGS_AT);
  lines.push(
    `  flags ${flagText(flags)}, mxcsr 0x${bytes.readUInt32LE(at + layout.MXCSR_AT).toString(16)}, x87 ${bytes.subarray(at + layout.X87_AT, at + layout.X87_AT + 6).toString('hex')}`,
  );
  const registers = new Set(
    differences.filter(({ part }) => part === 'vector').map(({ name: register }) => Number(register.slice(3))),
  );
  for (const register of [...registers, 0, 1]) {
    const start = at + layout.YMM_AT + 32 * register;
    lines.push(
      `  xmm${register} ${Buffer.from(bytes.subarray(start, start + 16))
        .reverse()
        .toString('hex')}`,
    );
  }
  const patches = bytes.readUInt16LE(at + layout.CASE_PATCHES_AT);
  for (let patch = 0; patch < patches; patch += 1) {
    const start = at + layout.CASE_PATCH_AT + patch * layout.PATCH_BYTES;
    const length = bytes.readUInt32LE(start + 4);
    lines.push(
      `  memory 0x${bytes.readUInt32LE(start).toString(16)}: ${bytes.subarray(start + 8, start + 8 + length).toString('hex')}`,
    );
  }
  for (const { part, name: what, expected, actual } of differences)
    lines.push(`  ${part} ${what}: hardware ${expected}, ours ${actual}`);
  return lines.join('\n');
}

// The instructions after the first one of a sequence.
function sequenceCode(bytes: Buffer, at: number): Buffer {
  if ((bytes[at + layout.CASE_MODE_AT] & layout.MODE_SEQUENCE) === 0) return Buffer.alloc(0);
  const patch = at + layout.CASE_PATCH_AT;
  return bytes.subarray(patch + 8, patch + 8 + bytes.readUInt32LE(patch + 4));
}

/** objdump's text of one instruction; the bytes alone where objdump is missing. */
export function disassemble(code: Uint8Array, address: number, mode: 32 | 64 = 64): string {
  const directory = mkdtempSync(join(tmpdir(), 'elf-disassemble-'));
  try {
    const file = join(directory, 'code');
    writeFileSync(file, code);
    const options = [
      '-D',
      '-b',
      'binary',
      '-m',
      mode === 64 ? 'i386:x86-64' : 'i386',
      '-M',
      'intel',
      `--adjust-vma=0x${address.toString(16)}`,
      file,
    ];
    const text = execFileSync('objdump', options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return text
      .split('\n')
      .filter((line) => /^\s*[0-9a-f]+:/.test(line))
      .map((line) => line.split('\t').slice(2).join(' ').trim())
      .filter(Boolean)
      .join('; ');
  } catch {
    return '(no objdump)';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
