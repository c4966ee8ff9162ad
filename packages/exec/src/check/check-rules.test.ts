// Every rule has a stable id and is documented; every rule of a profile has one; advice names rules that exist.
import { describe, expect, it } from 'vitest';
import { LOADER_PROFILES } from '../profiles/index.ts';
import { CHECK_LOADERS, findCheckLoader } from './check-loaders.ts';
import { CHECK_RULES, findCheckRule } from './check-rules.ts';
import { fixOf, loaderRuleId } from './loader-rules.ts';
import { LOADER_FIXES } from './rules/loader-fixes.ts';

const profileRules = LOADER_PROFILES.flatMap(({ elfRules, segmentRules }) =>
  [...elfRules, ...segmentRules].filter(({ role }) => role !== 'interpreter').map(({ rule }) => rule),
);

describe('rules of a check', () => {
  it('have unique ids of a known family', () => {
    const ids = CHECK_RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^ELF-(PG|LD|AN|SG|RT|IM)-[A-Z0-9-]+$/);
  });

  it.each(CHECK_RULES)('$id says what, who, why and how', (rule) => {
    for (const text of [rule.title, rule.checks, rule.refusedBy, rule.explanation, rule.example])
      expect(text.length).toBeGreaterThan(5);
    expect(rule.checks).toMatch(/[.;]$/);
    expect(rule.explanation).toMatch(/[.;)]$/);
    expect(rule.sources.length).toBeGreaterThan(0);
    for (const facts of [{}, { hostPageBytes: 16384, loader: 'linux', path: 'x' }])
      expect(rule.fix(facts)).toMatch(/\.$/);
  });

  it('are found whatever the case of the id', () => {
    expect(findCheckRule('elf-pg-damage')?.id).toBe('ELF-PG-DAMAGE');
    expect(findCheckRule('ELF-PG-NOTHING')).toBeUndefined();
  });

  it('exist for every rule of every profile', () => {
    for (const rule of profileRules) expect(findCheckRule(loaderRuleId(rule))?.id).toBe(`ELF-LD-${rule.toUpperCase()}`);
    expect(loaderRuleId('no such rule')).toBe('ELF-LD-REFUSED');
  });

  it('advise only about rules that exist, each by one row', () => {
    const advised = LOADER_FIXES.flatMap(({ rules }) => rules);
    expect(new Set(advised).size).toBe(advised.length);
    const known = new Set(profileRules);
    // A class and a byte order are rules of some profiles under a common name only.
    expect(advised.filter((rule) => !known.has(rule))).toEqual([]);
    expect(fixOf('wsl1-align').title).toContain('WSL1');
  });
});

describe('loaders of a check', () => {
  it('have unique names, a concern and a description', () => {
    const names = CHECK_LOADERS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { description, title } of CHECK_LOADERS) {
      expect(title.length).toBeGreaterThan(3);
      expect(description.length).toBeGreaterThan(10);
    }
  });

  it('are asked by default when somebody runs them today', () => {
    const defaults = CHECK_LOADERS.filter(({ isDefault }) => isDefault).map(({ name }) => name);
    expect(defaults).toEqual(
      expect.arrayContaining([
        'linux',
        'freebsd-linuxulator',
        'gvisor',
        'uek',
        'wsl1',
        'qemu-3.1-8.0',
        'qemu-8.1',
        'latx-304',
        'box64-4182',
      ]),
    );
    for (const name of ['widen-host', 'guest-4k', 'linux-5.4', 'qemu-2014', 'box64-4160']) {
      expect(defaults).not.toContain(name);
      expect(findCheckLoader(name)?.name).toBe(name);
    }
    expect(findCheckLoader('linux-')).toBeUndefined();
  });
});
