// Run-time libraries against the page sizes that loaders report to the program.
import { runtimeRuleId } from '../check-rules.ts';
import type { RuntimeMarker } from '../finding.ts';
import type { FindingList } from '../finding-list.ts';
import { type ImageFacts, sizeText } from '../image-facts.ts';
import { RUNTIME_ROWS } from '../runtime-rows.ts';
import { scanRuntimes } from '../runtime-scan.ts';

/**
 * Looks for run-time libraries and notes those that do not work with a page size some loader reports.
 * @param auxiliaryPages names of loaders by the AT_PAGESZ they give this file, in bytes.
 */
export function checkRuntimes(
  facts: ImageFacts,
  auxiliaryPages: ReadonlyMap<number, readonly string[]>,
  list: FindingList,
): readonly RuntimeMarker[] {
  if (facts.kind !== 'elf-executable' && facts.kind !== 'elf-shared-object') return [];
  const markers = scanRuntimes(facts);
  for (const marker of markers) {
    const row = RUNTIME_ROWS.find(({ name }) => name === marker.name);
    const largest = row?.largestPageBytes(facts.machine);
    if (row === undefined || largest === undefined) continue;
    const isKnown = typeof largest === 'number';
    for (const [page, loaders] of [...auxiliaryPages].sort(([a], [b]) => a - b)) {
      // Every build works with the smallest page there is.
      if (page <= (isKnown ? largest : SMALLEST_PAGE)) continue;
      const who = [...new Set(loaders)].join(', ');
      const limit = isKnown
        ? `works with pages up to ${sizeText(largest)}`
        : 'works with the pages it was built for, usually those of the build machine';
      list.add({
        rule: runtimeRuleId(row.id),
        message: `${row.name} ${marker.confidence === 'certain' ? 'is' : 'is probably'} in this file and ${limit}; it sees ${sizeText(page)} under ${who}.`,
        hostPageBytes: page,
        location: { offset: marker.offset },
        evidence: { facts: { confidence: marker.confidence, found: marker.evidence } },
      });
    }
  }
  return markers;
}

const SMALLEST_PAGE = 4 * 1024;
