// The build of this package: its public modules, each an entry of `exports`.
import { packageBuild } from '../../config/tsup.base.ts';

export default packageBuild({ index: 'src/index.ts' });
