// Names of core files, letter by letter (man 5 core).
import { describe, expect, it } from 'vitest';
import { coreHelperWords, corePath } from './core-pattern.ts';

const facts = {
  processId: 12,
  threadId: 13,
  user: 1,
  group: 2,
  dumpMode: 1,
  signal: 11,
  time: 1700000000n,
  hostName: 'here',
  command: 'sl/eep',
  executable: '/usr/bin/sleep',
  limit: 4096n,
};

describe('core_pattern', () => {
  it.each([
    ['core', 'core'],
    ['/var/%e.%p', '/var/sl!eep.12'],
    ['%i-%u-%g-%d-%s-%t-%h-%c', '13-1-2-1-11-1700000000-here-4096'],
    ['%E %f', '!usr!bin!sleep sleep'],
    ['100%% %z%', '100% '],
  ])('%s becomes %s', (pattern, path) => {
    expect(corePath(pattern, facts)).toBe(path);
  });

  it('lets no name lead to another directory', () => {
    expect(corePath('%e', { ...facts, command: '..' })).toBe('!.');
    expect(corePath('%h', { ...facts, hostName: '.' })).toBe('!');
  });

  it('splits the command line of a program before it expands letters', () => {
    const named = { ...facts, command: 'two words', executable: '/bin/a b' };
    expect(coreHelperWords('|/usr/lib/handler %p  %e\t%f', named)).toEqual([
      '/usr/lib/handler',
      '12',
      'two words',
      'a b',
    ]);
    expect(coreHelperWords('| /handler', facts)).toEqual(['/handler']);
  });
});
