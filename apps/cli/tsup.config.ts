// The build of the `elf` command.
import { rmSync } from 'node:fs';
import { packageBuild } from '../../config/tsup.base.ts';

// commander is CommonJS and asks for Node's modules with require, which an ES module has to make for itself.
const banner =
  "#!/usr/bin/env node\nimport { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

// Everything is bundled, one chunk for each command: a few files start faster than a tree of packages, and a command does not
// pay for the others (cold start is a measured goal).
const chunks = 'chunks';
// Their names change with their content: those of the build before would stay.
rmSync(new URL(`dist/${chunks}`, import.meta.url), { recursive: true, force: true });

export default packageBuild(
  { elf: 'src/main.ts' },
  {
    platform: 'node',
    noExternal: [/.*/],
    banner: { js: banner },
    esbuildOptions: (options) => {
      options.chunkNames = `${chunks}/[name]-[hash]`;
    },
  },
);
