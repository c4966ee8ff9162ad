// The build of the `elf` command.
import { packageBuild } from '../../config/tsup.base.ts';

// commander is CommonJS and asks for Node's modules with require, which an ES module has to make for itself.
const banner =
  "#!/usr/bin/env node\nimport { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);";

// The command is bundled whole: one file starts faster than a tree of packages (cold start is a measured goal).
export default packageBuild(
  { elf: 'src/main.ts' },
  { platform: 'node', noExternal: [/.*/], splitting: false, banner: { js: banner } },
);
