// binfmt.d files: lines that are rules, and files that count.
import { decodeText, encodeText } from '@elf/parse';
import { describe, expect, it } from 'vitest';
import { confFiles, confRules } from './conf-file.ts';

describe('lines', () => {
  it('are rules unless they are blank or comments', () => {
    const text =
      '# comment\n; comment\n\n  \t\n  # indented comment\n:a:E::a::/i:\n \t:b:E::b::/i:P \t\r\n:c:E::c::/i: # no comment\n:d:E::d::/i:';
    const rules = confRules(encodeText(text)).map(({ line, registration }) => [line, decodeText(registration)]);
    expect(rules).toEqual([
      [6, ':a:E::a::/i:'],
      [7, ':b:E::b::/i:P'],
      [8, ':c:E::c::/i: # no comment'],
      [9, ':d:E::d::/i:'],
    ]);
    expect(confRules(new Uint8Array())).toEqual([]);
    expect(confRules(encodeText('\n\n'))).toEqual([]);
  });

  it('keep bytes that are no text', () => {
    expect(confRules(Uint8Array.of(0x3a, 0xff, 0x0a))).toEqual([{ line: 1, registration: Uint8Array.of(0x3a, 0xff) }]);
  });
});

describe('files', () => {
  it('are sorted by name over all directories, and a later directory masks an earlier one', () => {
    expect(confFiles([['b.conf', 'z.conf', 'a.conf'], ['b.conf', '10-x.conf'], []])).toEqual([
      { name: '10-x.conf', directory: 1 },
      { name: 'a.conf', directory: 0 },
      { name: 'b.conf', directory: 1 },
      { name: 'z.conf', directory: 0 },
    ]);
  });

  it('end in .conf and are not hidden', () => {
    expect(confFiles([['a.conf~', 'README', '.hidden.conf', 'conf', 'a.CONF']])).toEqual([]);
  });
});
