// The build of @elf/parse.
import { packageBuild } from '../../config/tsup.base.ts';

export default packageBuild({
  index: 'src/index.ts',
  interp: 'src/interp.ts',
  names: 'src/names.ts',
  node: 'src/node.ts',
  rewrite: 'src/rewrite.ts',
});
