// `npm run build`: declarations by one `tsc -b`, then the code of every package and app.
import { build, setUp } from './set-up.mjs';
import { step } from './steps.mjs';

const built = (await setUp()) && (await step('declarations', ['tsc', '-b'])) && (await build());
process.exitCode = built ? 0 : 1;
