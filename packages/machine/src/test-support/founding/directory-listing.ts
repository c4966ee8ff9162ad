// What a directory holds, as lines that can be compared: kind, permissions, size and hash of everything below it.
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Names that hold a process number or a moment: the same file has another name in every run. */
const VARYING = /\d{5,}|[0-9a-f]{8}-[0-9a-f-]{27}/g;

/** One line for each file, link and directory, sorted; contents by hash. */
export function directoryListing(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return names.map((name) => `${name.replace(VARYING, 'N')} ${describe(join(directory, name))}`).sort();
}

function describe(path: string): string {
  const status = lstatSync(path);
  const permissions = (status.mode & 0o7777).toString(8);
  if (status.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  if (status.isDirectory()) return `directory ${permissions}`;
  if (!status.isFile()) return `special ${permissions}`;
  return `${permissions} ${status.size} ${createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16)}`;
}
