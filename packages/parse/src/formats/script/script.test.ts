// The `#!` line at the edges of Linux's rules, each observed on a running kernel.
import { describe, expect, it } from 'vitest';
import { bytesSource } from '../../byte-source.ts';
import { encodeText } from '../../text.ts';
import { parseScript } from './script.ts';

const parse = (text: string) => parseScript(bytesSource(encodeText(text)));

describe('parseScript', () => {
  it.each([
    ['#!/bin/sh\n', '/bin/sh', undefined],
    ['#!/bin/sh', '/bin/sh', undefined],
    ['#! \t/bin/sh \t -x  -y \t\nrest', '/bin/sh', '-x  -y'],
    ['#!/usr/bin/env -S node --flag\n', '/usr/bin/env', '-S node --flag'],
    ['#!/bin/sh\r\n', '/bin/sh\r', undefined],
    ['#!/bin/sh -x\r\n', '/bin/sh', '-x\r'],
    ['#!', '', undefined],
    [`#!${'n'.repeat(253)}\n`, 'n'.repeat(253), undefined],
    ['#!/bin/sh\0ignored\n', '/bin/sh', undefined],
  ])('%j', (text, interpreter, argument) => {
    expect(parse(text)).toEqual({ interpreter, argument });
  });

  it('cuts a long argument silently at the end of the buffer', () => {
    const { interpreter, argument } = parse(`#!/bin/sh ${'x'.repeat(400)}\n`);
    expect(interpreter).toBe('/bin/sh');
    expect(argument).toHaveLength(255 - (2 + '/bin/sh'.length + 1));
  });

  it.each([
    ['#!\n', 'malformed'],
    ['#!   \t\n', 'malformed'],
    [`#!${' '.repeat(300)}`, 'malformed'],
    [`#!${'n'.repeat(254)}\n`, 'malformed'],
    [' #!/bin/sh\n', 'bad-magic'],
    ['\u{feff}#!/bin/sh\n', 'bad-magic'],
    ['#', 'bad-magic'],
  ])('refuses %j', (text, code) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code, format: 'script' }));
  });
});
