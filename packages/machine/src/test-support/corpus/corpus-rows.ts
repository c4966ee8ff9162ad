// Every row of the corpus: one line per table.
import { COREUTILS_ROWS } from './coreutils-rows.ts';
import type { CorpusRow } from './corpus-row.ts';
import { LANGUAGE_ROWS } from './language-rows.ts';
import { NPM_ROWS } from './npm-rows.ts';
import { SERVICE_ROWS } from './service-rows.ts';
import { TERMINAL_ROWS } from './terminal-rows.ts';
import { TEXT_ROWS } from './text-rows.ts';

/** The rows in the order they run: small tools first. */
export const CORPUS: readonly CorpusRow[] = [
  ...COREUTILS_ROWS,
  ...TEXT_ROWS,
  ...LANGUAGE_ROWS,
  ...NPM_ROWS,
  ...SERVICE_ROWS,
  ...TERMINAL_ROWS,
];
