// The command line of `elf run`: where the guest's part begins, dashes, twins in the environment, mistakes.
import { describe, expect, it } from 'vitest';
import { optionHelp, type ParsedOptions, parseMixedOptions, parseOptions } from './options.ts';
import { RUN_OPTIONS } from './run/run-option-rows.ts';

const parse = (args: string[], environment: Record<string, string> = {}) =>
  parseOptions(RUN_OPTIONS, args, environment) as ParsedOptions;

describe('options of elf run', () => {
  it('end at the program: the rest is the guest’s, dashes included', () => {
    const { values, rest } = parse(['-strace', 'ls', '-strace', '--', '-l']);
    expect([...values]).toEqual([['strace', ['1']]]);
    expect(rest).toEqual(['ls', '-strace', '--', '-l']);
  });

  it('take one or two dashes, attached or separate values, and repeat where they may', () => {
    const { values, rest } = parse(['--E', 'A=1', '-E=B=2', '-0', 'name', '--timeout=3', '--', '-odd-name']);
    expect(values.get('E')).toEqual(['A=1', 'B=2']);
    expect(values.get('0')).toEqual(['name']);
    expect(values.get('timeout')).toEqual(['3']);
    expect(rest).toEqual(['-odd-name']);
  });

  it('come from the environment when not given', () => {
    expect(parse(['x'], { ELF_LD_PREFIX: '/sys', ELF_STRACE: '1', ELF_STATS: '0' }).values).toEqual(
      new Map([
        ['L', ['/sys']],
        ['strace', ['1']],
      ]),
    );
    expect(parse(['-L', '/own', 'x'], { ELF_LD_PREFIX: '/sys' }).values.get('L')).toEqual(['/own']);
  });

  it.each([
    [['-nonsense', 'x'], 'unknown option -nonsense'],
    [['-L'], 'option -L needs a directory'],
    [['-strace=1', 'x'], 'option -strace takes no value'],
    [['--strace=1', 'x'], 'option --strace takes no value'],
  ])('%j is a mistake', (args, mistake) => {
    expect(parse(args)).toEqual({ mistake });
  });

  it('have unique names and twins, all shown by help', () => {
    const names = RUN_OPTIONS.map((row) => row.name);
    expect(new Set(names).size).toBe(names.length);
    const twins = RUN_OPTIONS.flatMap((row) => row.environment ?? []);
    expect(new Set(twins).size).toBe(twins.length);
    for (const row of RUN_OPTIONS)
      expect(optionHelp(RUN_OPTIONS, '-')).toContain(`\n  -${row.name} `.slice(row === RUN_OPTIONS[0] ? 1 : 0));
  });
});

describe('options of commands without a guest', () => {
  const rows = [
    { name: 'format', value: 'name', environment: 'FORMAT', description: 'how' },
    { name: 'rule', value: 'id', description: 'which', repeatable: true },
    { name: 'q', description: 'quiet' },
  ];
  const mixed = (args: string[], environment = {}) => parseMixedOptions(rows, args, environment) as ParsedOptions;

  it('stand before, between and behind the words, until two dashes', () => {
    const { values, rest } = mixed(['-q', 'a', '--rule', '1', 'b', '--rule=2', '--', '-q', 'c']);
    expect(rest).toEqual(['a', 'b', '-q', 'c']);
    expect([...values]).toEqual([
      ['q', ['1']],
      ['rule', ['1', '2']],
    ]);
  });

  it('beat the environment', () => {
    expect(mixed(['a'], { FORMAT: 'x' }).values.get('format')).toEqual(['x']);
    expect(mixed(['a', '--format', 'y'], { FORMAT: 'x' }).values.get('format')).toEqual(['y']);
  });

  it('are shown with two dashes, single letters with one', () => {
    expect(optionHelp(rows)).toMatch(/^ {2}--format name +how \(FORMAT\)\n {2}--rule id +which\n {2}-q +quiet\n$/);
  });
});
