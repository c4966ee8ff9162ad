// The one tsup configuration of every package: ESM only, declarations come from `tsc -b`.
import { defineConfig, type Options } from 'tsup';

/** Options of a package build; `entry` names the public modules, the rest is the same everywhere. */
export function packageBuild(entry: Record<string, string>, overrides: Options = {}) {
  return defineConfig({
    entry,
    format: ['esm'],
    target: 'es2022',
    dts: false,
    sourcemap: true,
    splitting: true,
    treeshake: true,
    clean: false,
    ...overrides,
  });
}
