// Walks directories for ELF files: symbolic links are not followed, what cannot be read is reported, the rest is passed over by its first bytes.
import { readdirSync } from 'node:fs';
import { hasElfMagic } from '@elf/parse';
import { openFileSource } from '@elf/parse/node';
import { isPackageName } from './archive-kind.ts';
import type { TargetVisitor } from './check-target.ts';
import { hostErrorText } from '../host-error-text.ts';

/** A file found below a directory that may be of interest. */
export interface FoundFile {
  readonly path: string;
  /** An Android package, which is opened. */
  readonly isPackage: boolean;
}

/**
 * Ordinary files below a directory in the order of their names. Links are not followed (as grep -r and find do), so that loops and files
 * outside do not matter; devices and pipes are left alone.
 */
export function filesBelow(directory: string, visitor: TargetVisitor): FoundFile[] {
  const files: FoundFile[] = [];
  const pending = [directory];
  while (pending.length > 0) {
    const current = pending.pop() as string;
    const prefix = current.endsWith('/') ? current : `${current}/`;
    try {
      const entries = readdirSync(current, { withFileTypes: true });
      entries.sort((a, b) => (a.name < b.name ? -1 : 1));
      const directories: string[] = [];
      for (const entry of entries) {
        const path = prefix + entry.name;
        if (entry.isDirectory()) directories.push(path);
        else if (entry.isFile()) files.push({ path, isPackage: isPackageName(entry.name) });
      }
      pending.push(...directories.reverse());
    } catch (error) {
      visitor.unreadable(current, hostErrorText(error));
    }
  }
  return files;
}

/** Opens a file found in a directory and visits it when it is an ELF file. */
export function visitIfElf(path: string, visitor: TargetVisitor): void {
  try {
    const source = openFileSource(path);
    try {
      if (hasElfMagic(source.read(0, 4))) visitor.visit({ path, file: path, source, isNamed: false });
      else visitor.skipped(path);
    } finally {
      source.close();
    }
  } catch (error) {
    visitor.unreadable(path, hostErrorText(error));
  }
}
