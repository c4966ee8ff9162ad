// Verdicts of the loaders on the binaries the project started from, by twins with their headers.
import { describe, expect, it } from 'vitest';
import { judgeImage } from './judge-image.ts';
import { linuxProfile } from './profiles/linux.ts';
import { foundingNames, foundingTwin } from './test-support/founding-twins.ts';

describe('the founding binaries', () => {
  it.each(foundingNames())('%s runs on Linux', (name) => {
    expect(judgeImage(linuxProfile, foundingTwin(name))).toEqual({ profile: 'linux', accepted: true, findings: [] });
  });
});
