// Fails when a file breaks the rules of ARCHITECTURE.md; run with `npm run check:architecture`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { RULES } from './architecture/rules.ts';
import { type SourceFile, sourceFile } from './architecture/source-file.ts';

/** Files git knows or would add: what is ignored is not checked. */
function workTreeFiles(): SourceFile[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  const files: SourceFile[] = [];
  for (const path of listed.split('\0')) {
    if (!path || !existsSync(path) || !statSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    // A zero byte in the first block means a binary fixture.
    if (!bytes.subarray(0, 8192).includes(0)) files.push(sourceFile(path, bytes.toString('utf8')));
  }
  return files;
}

const files = workTreeFiles();
const findings = RULES.flatMap((rule) => rule.check(files));
for (const { path, line, rule, message } of findings) console.error(`${path}:${line} ${rule}: ${message}`);
console.log(`architecture: ${files.length} files, ${RULES.length} rules, ${findings.length} findings`);
process.exitCode = findings.length > 0 ? 1 : 0;
