// Writes docs/reference/loader-profiles.md; run with `npx tsx scripts/generate-loader-profile-reference.ts` after changing a profile.
import { writeFileSync } from 'node:fs';
import { loaderProfileReference } from './loader-profile-reference.ts';

writeFileSync(new URL('../docs/reference/loader-profiles.md', import.meta.url), loaderProfileReference());
