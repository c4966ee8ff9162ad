// Operations of the model test that change or read a file behind its mappings' back.
import { type Pair, same, type TestFile } from './model-pair.ts';
import type { Scenario } from './model-scenario.ts';
import { GUEST_PAGE, showing } from './page-model.ts';

/** Guest pages a file grows to. */
const LARGEST = 100;

function pickFile({ random, files }: Scenario): TestFile {
  return random.pick(files.filter(({ isReadOnly }) => !isReadOnly));
}

/** ftruncate to a smaller size: pages behind the end leave every mapping. */
export function shrinkFile(scenario: Scenario, pair: Pair): void {
  const file = pickFile(scenario);
  const { model, stored, backing } = file;
  const size = scenario.random.below(model.size + 1);
  scenario.describe(pair, scenario.files.indexOf(file), size);
  model.size = size;
  for (const page of [...model.values.keys(), ...stored.keys()]) {
    if (page < size) continue;
    model.values.delete(page);
    stored.delete(page);
  }
  for (const space of scenario.models) {
    for (const page of space.pages.values()) {
      if (page.file !== model || page.filePage < size) continue;
      page.own = undefined;
      page.code.fill(false);
    }
  }
  for (const { page, index } of showing(model, size, Number.POSITIVE_INFINITY, scenario.models))
    page.code[index] = false;
  scenario.memory.fileFrames.truncate(backing.identity, size * GUEST_PAGE);
  // Pages that left with stores of their own were written back behind the end, where the file has nothing.
  for (const page of stored.keys()) if (page >= size) stored.delete(page);
}

/** ftruncate to a larger size: the new part reads as zeros. */
export function growFile(scenario: Scenario, pair: Pair): void {
  const file = pickFile(scenario);
  scenario.describe(pair, scenario.files.indexOf(file));
  const { size } = file.model;
  file.model.size = Math.max(size, Math.min(LARGEST, size + scenario.random.below(12)));
}

/** pwrite inside the file. */
export function writeFile(scenario: Scenario, pair: Pair): void {
  const file = pickFile(scenario);
  const { model, stored, backing } = file;
  if (model.size === 0) return;
  const page = scenario.random.below(model.size);
  const value = scenario.random.below(1 << 30);
  scenario.describe(pair, scenario.files.indexOf(file), page);
  model.values.set(page, value);
  stored.set(page, value);
  for (const alias of showing(model, page, page + 1, scenario.models)) alias.page.code[alias.index] = false;
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  scenario.memory.fileFrames.overwrite(backing.identity, page * GUEST_PAGE + 8, bytes);
}

/** pread inside the file: it sees stores through shared mappings. */
export function readFile(scenario: Scenario, pair: Pair): void {
  const file = pickFile(scenario);
  const { model, backing } = file;
  if (model.size === 0) return;
  const page = scenario.random.below(model.size);
  scenario.describe(pair, scenario.files.indexOf(file), page);
  const bytes = new Uint8Array(GUEST_PAGE);
  backing.readInto(page * GUEST_PAGE, bytes);
  scenario.memory.fileFrames.overlay(backing.identity, page * GUEST_PAGE, bytes);
  same('read value', new DataView(bytes.buffer).getUint32(8, true), model.values.get(page) ?? 0);
}
