// Registration strings for binfmt_misc, valid and invalid: written by hand, and grown from those with a seeded generator.

const long = (length: number, letter = 'a') => letter.repeat(length);
/** A string of exactly this many bytes; the interpreter's name fills it. */
const ofLength = (length: number) => `:n:M::ab::${long(length - 11)}:`;

/** Hand-written strings, one byte a character. */
export function writtenRegistrations(): readonly string[] {
  // biome-ignore format: rows of one topic share a line
  return [
    // Length.
    '', ':', ':a:M::b::', ':a:M::b::c', ':a:M::b::c:', ':a:E::b::c:', ':a:E::b:::', ofLength(1919), ofLength(1920), ofLength(1921), `${ofLength(1920)}\n`,
    // End of the string.
    ':name:M::ab::/i:', ':name:M::ab::/i:\n', ':name:M::ab::/i:\n\n', ':name:M::ab::/i', ':name:M::ab::/i\n', ':name:M::ab::/i:\0', ':name:M::ab::/i: ', ':name:M::ab::/i::', ':name:M::ab::', ':name:M::ab', ':name:M::', ':name:M:', ':name:M::ab:::', ' :name:M::ab::/i:',
    // Name.
    '::M::ab::/interp:', ':.:M::ab::/interp:', ':..:M::ab::/interp:', ':...:M::ab::/interp:', ':a/b:M::ab::/interp:', ':/:M::ab::/interp:', ':register:M::ab::/interp:', ':status:M::ab::/interp:', ':a b:M::ab::/interp:', ':a\nb:M::ab::/interp:', ':\xff\xfe:M::ab::/interp:', ':na\0me:M::ab::/interp:', `:${long(255)}:M::ab::/interp:`, `:${long(256)}:M::ab::/interp:`, ':-1:M::ab::/interp:',
    // Type.
    ':name::ab::/interp:', ':name:m::ab::/interp:', ':name:MM::ab::/interp:', ':name:X::ab::/interp:', ':name:ME::ab::/interp:', ':name: M::ab::/interp:',
    // Offset.
    ':name:M:0:ab::/interp:', ':name:M:4:ab::/interp:', ':name:M:+4:ab::/interp:', ':name:M:-4:ab::/interp:', ':name:M:-0:ab::/interp:', ':name:M:+-4:ab::/interp:', ':name:M:-+4:ab::/interp:', ':name:M:+:ab::/interp:', ':name:M:-:ab::/interp:', ':name:M:0x4:ab::/interp:', ':name:M: 4:ab::/interp:', ':name:M:4 :ab::/interp:', ':name:M:4\n:ab::/interp:', ':name:M:\n:ab::/interp:', ':name:M:4\n\n:ab::/interp:', ':name:M:0004:ab::/interp:', ':name:M:a:ab::/interp:', ':name:M:253:ab::/interp:', ':name:M:254:ab::/interp:', ':name:M:255:ab::/interp:', ':name:M:256:ab::/interp:', ':name:M:255:a::/interp:', ':name:M:256:a::/interp:', ':name:M:2147483647:ab::/interp:', ':name:M:2147483648:ab::/interp:', ':name:M:4294967296:ab::/interp:', ':name:M:18446744073709551616:ab::/interp:', ':name:M:4\0:ab::/interp:',
    // Magic.
    ':name:M::::/interp:', ':name:M::\\x7fELF::/interp:', ':name:M::\\x00::/interp:', ':name:M::\\x00\\x00ab::/interp:', ':name:M::\\xAf::/interp:', ':name:M::\\xg0::/interp:', ':name:M::\\x0g::/interp:', ':name:M::\\x::/interp:', ':name:M::\\x4::/interp:', ':name:M::\\X41::/interp:', ':name:M::\\n\\t\\\\::/interp:', ':name:M::\\\\x41::/interp:', ':name:M::\\\\\\x41::/interp:', ':name:M::\\::/interp:', ':name:M::a\\:b:/interp:', ':name:M::\\101::/interp:', ':name:M::ab\0cd::/interp:', ':name:M::\0ab::/interp:', ':name:M::\xff\xfe::/interp:', `:name:M::${long(256)}::/interp:`, `:name:M::${long(257)}::/interp:`, `:name:M:1:${long(255)}::/interp:`, `:name:M:1:${long(256)}::/interp:`, `:name:M::${'\\x41'.repeat(256)}::/interp:`, `:name:M::${'\\x41'.repeat(257)}::/interp:`, ':name:M:: ::/interp:', ':name:M::\n::/interp:',
    // Mask.
    ':name:M::abcd:\\xff\\x00\\xff\\xff:/interp:', ':name:M::abcd:\\xff\\xff\\xff:/interp:', ':name:M::abcd:\\xff\\xff\\xff\\xff\\xff:/interp:', ':name:M::ab:\\x00\\x00:/interp:', ':name:M::ab:zz:/interp:', ':name:M::ab:\\xf:/interp:', ':name:M::ab:\\xff\0\\xff:/interp:', ':name:M::ab\0cd:\\xff\\xff:/interp:', ':name:M::ab:\0:/interp:', `:name:M::${'\\x41'.repeat(200)}:${'\\xff'.repeat(200)}:/interp:`,
    // Extension.
    ':name:E::jar::/interp:', ':name:E::.jar::/interp:', ':name:E::tar.gz::/interp:', ':name:E::::/interp:', ':name:E::a/b::/interp:', ':name:E::a\\x41::/interp:', ':name:E:nonsense:jar::/interp:', ':name:E:-1:jar:mask:/interp:', ':name:E::jar:\\x:/interp:', ':name:E::j r::/interp:', ':name:E::j\0r::/interp:', ':name:E:\0:jar::/interp:', ':name:E::jar:\0:/interp:', `:name:E::${long(1800)}::/interp:`,
    // Interpreter.
    ':name:M::ab:::', ':name:M::ab:: :', ':name:M::ab::relative:', ':name:M::ab::../up:', ':name:M::ab::/with space:', ':name:M::ab::/with\nnewline:', ':name:M::ab::/a\0b:', `:name:M::ab::/${long(126)}:`, `:name:M::ab::/${long(127)}:`, `:name:M::ab::/${long(500)}:`, ':name:M::ab::/\xff:',
    // Flags.
    ':name:M::ab::/interp:P', ':name:M::ab::/interp:O', ':name:M::ab::/interp:C', ':name:M::ab::/interp:POC', ':name:M::ab::/interp:COP\n', ':name:M::ab::/interp:PPP', ':name:M::ab::/interp:OCOC', ':name:M::ab::/interp:p', ':name:M::ab::/interp:X', ':name:M::ab::/interp:PX', ':name:M::ab::/interp:P P', ':name:M::ab::/interp:P:', ':name:M::ab::/interp:P\nO', ':name:M::ab::/interp:F', ':name:M::ab::/mnt/show:F', ':name:M::ab::/mnt/show:FPOC', ':name:M::ab::/mnt:F', ':name:M::ab::/mnt/show/x:F', ':name:M::ab::mnt/show:F', ':status:M::ab::/interp:F', ':status:M::ab::/mnt/show:F', `:${long(256)}:M::ab::/interp:F`, `:${long(256)}:M::ab::/mnt/show:F`, ':name:E::jar::/mnt/show:F',
    // Delimiter.
    ',name,M,,ab,,/interp,', ',name,M,,a:b,,/interp,P', 'anameaMaabaa/interpa', ' name M  ab  /interp ', '/name/M//ab//interp/', '/name/M//ab//i/', '\nname\nM\n\nab\n\n/interp\n', '\nname\nM\n\nab\n\n/interp\n\n', '\nname\nM\n\nab\n\n/interp\nP\n', '\\name\\M\\\\ab\\\\/i\\', 'xnamexMxx\\x41xx/ixP', 'xnamexMxx\\x4xx/ixP', 'xnamexMxxabxx/ix', '1name1M11ab11/i1', '1name1M11\\x1111/i1', '0name0M00\\x4000/i0', '\xffname\xffM\xff\xffab\xff\xff/i\xff', '\0name\0M\0\0ab\0\0/interp\0', '\0name\0M\0\0ab\0\0/interp\0PO', '\0name\0E\0\0ab\0\0/interp\0', '::::::::::::', '            ', 'MnameMMMMabMM/iM', 'EnameEEEEabEE/iE',
  ];
}

/** A small generator of the linear congruential kind: the same seed gives the same strings everywhere. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const PIECES = [
  ':',
  '\\x',
  '\\x00',
  '\\',
  '4',
  '+',
  '-',
  '\n',
  '\0',
  'M',
  'E',
  'P',
  'O',
  'C',
  '/',
  '.',
  'ab',
  'x',
  '\xff',
  ' ',
  '::',
];
const FIELDS = [
  ['name', 'n', '.', '', 'a.b', 'x y'],
  ['M', 'E', 'M', 'E', 'M', 'm', ''],
  ['', '0', '4', '+7', '-1', '250', '256', '1e1', '08'],
  ['ab', '\\x7fELF', '\\x00', 'a\\b', '\\xzz', '', 'jar', `\\x41\\x42`],
  ['', '', '\\xff\\xff', 'zz', '\\xff\\x00\\xff\\xff', '\\x0f'],
  ['/interp', 'relative/interp', '', '/i', '/mnt/none'],
  ['', 'P', 'OC', 'PO\n', '\n', 'Q', 'CC'],
];

/** Strings of random fields, most then damaged at one or two places. Delimiters P, O, C and F are left out: with them the kernel reads past its padding. */
export function generatedRegistrations(count: number, seed: number): readonly string[] {
  const below = numbersFrom(seed);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)];
  const strings = new Set<string>();
  while (strings.size < count) {
    const delimiter = pick([':', ':', ':', ',', ';', '|', 'x', '1']);
    let text = delimiter + FIELDS.map((values) => pick(values)).join(delimiter);
    for (let damage = below(3); damage > 0; damage--) {
      const at = 1 + below(text.length - 1);
      text = text.slice(0, at) + (below(2) === 0 ? pick(PIECES) : '') + text.slice(at + below(2));
    }
    strings.add(text);
  }
  return [...strings];
}
