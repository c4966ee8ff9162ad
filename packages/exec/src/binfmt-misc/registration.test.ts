// What no recorded string can show: any bytes at all get an answer, and what is accepted registers again from what it says.
import { describe, expect, it } from 'vitest';
import { latin1 } from '../test-support/misc-kernel.ts';
import { writtenRegistrations } from '../test-support/misc-registrations.ts';
import { flagLetters } from './misc-entry.ts';
import { BinfmtMiscTable } from './misc-table.ts';
import { type MiscRegistration, parseRegistration } from './registration.ts';

/** xorshift: the same bytes everywhere. */
function randomBytes(seed: number) {
  let state = seed;
  return (below: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const escaped = (bytes: Uint8Array) => Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
const raw = (bytes: Uint8Array) => String.fromCharCode(...bytes);

/** The plainest string for a registration. */
function spelled({ name, kind, offset, magic, mask, interpreter, flags }: MiscRegistration): string {
  const fields =
    kind === 'magic'
      ? ['M', String(offset), escaped(magic), mask === undefined ? '' : escaped(mask)]
      : ['E', '', raw(magic), ''];
  return ['', raw(name), ...fields, raw(interpreter), flagLetters(flags)].join('\x01');
}

describe('registration strings', () => {
  it('of any bytes are accepted or refused with a field and a sentence', () => {
    const below = randomBytes(0x2545f491);
    const alphabet = latin1(':::::MEPOCF\\\\x07af\n\0/.4\xff');
    const outcomes = new Set<string>();
    for (let round = 0; round < 200_000; round++) {
      const bytes = Uint8Array.from({ length: below(40) }, () => alphabet[below(alphabet.length)]);
      const parsed = parseRegistration(bytes);
      outcomes.add('errno' in parsed ? parsed.field : 'accepted');
      if ('errno' in parsed && !(parsed.errno === 22 && parsed.sentence.endsWith('.'))) throw new Error(raw(bytes));
    }
    const fields = [
      'accepted',
      'extension',
      'flags',
      'interpreter',
      'length',
      'magic',
      'mask',
      'name',
      'offset',
      'type',
    ];
    expect([...outcomes].sort()).toEqual(fields);
  });

  it('mean the same when they are spelled plainly', () => {
    const accepted = writtenRegistrations()
      .map((text) => parseRegistration(latin1(text)))
      .filter((parsed) => !('errno' in parsed));
    expect(accepted.length).toBeGreaterThan(50);
    for (const registration of accepted) {
      if ('errno' in registration) continue;
      // Two spellings can be longer than what the kernel reads at once.
      const text = spelled(registration);
      if (text.length <= 1920) expect(parseRegistration(latin1(text))).toEqual(registration);
    }
  });

  it.each(['P', 'O', 'C', 'F'])('cannot be delimited with the flag letter %s', (letter) => {
    const parsed = parseRegistration(latin1(`_n_M__ab__/i_`.replaceAll('_', letter)));
    expect(parsed).toMatchObject({ errno: 22, field: 'flags' });
  });
});

describe('the message of a fault', () => {
  // biome-ignore format: one row per line
  const rows: [string, string, string][] = [
    [':a:M::ab::/i',              'flags',       'The delimiter behind the interpreter is missing.'],
    [':name:M::ab::/interp:Q\n',  'flags',       'The flags are "Q\n"; only the letters P, O, C and F are known.'],
    [':name:M:300:ab::/interp:',  'offset',      'The magic of 2 bytes at offset 300 ends past byte 256, the last one looked at.'],
    [':name:Mx::ab::/interp:',    'type',        'The type is "Mx"; it must be M (magic) or E (extension).'],
    [':..:M::ab::/interp:',       'name',        'The name ".." means a directory.'],
    [':name:M::::/interp:',       'magic',       'The magic is empty; every file would match.'],
    [':name:E::::/interp:',       'extension',   'The extension is empty.'],
  ];
  it.each(rows)('%s: %s', (text, field, sentence) => {
    expect(new BinfmtMiscTable().register(text)).toMatchObject({ field, sentence });
  });

  it('says that F has nobody to open the interpreter', () => {
    const fault = new BinfmtMiscTable().register(':name:E::jar::/interp:F');
    expect(fault).toMatchObject({ field: 'interpreter', errno: 2, sentence: expect.stringContaining('/interp') });
  });
});
