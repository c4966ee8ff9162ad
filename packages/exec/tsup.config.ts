import { packageBuild } from '../../config/tsup.base.ts';

export default packageBuild({ index: 'src/index.ts' });
