// The build of the `elf` command.
import { packageBuild } from '../../config/tsup.base.ts';

// The command is bundled whole: one file starts faster than a tree of packages (cold start is a measured goal).
export default packageBuild(
  { elf: 'src/main.ts' },
  { platform: 'node', noExternal: [/.*/], splitting: false, banner: { js: '#!/usr/bin/env node' } },
);
