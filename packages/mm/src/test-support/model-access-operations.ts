// Operations of the model test that touch memory as a program does, or as the engine that translates it.
import { Access } from '../page-fault.ts';
import { type Pair, same } from './model-pair.ts';
import type { Scenario } from './model-scenario.ts';
import { GUEST_PAGE, type ModelPage } from './page-model.ts';

export function store(scenario: Scenario, pair: Pair): void {
  const page = scenario.guestPage();
  const { model } = pair;
  scenario.describe(pair, page);
  const cause = model.fault(page, Access.Write, scenario.models);
  const modelPage = model.pages.get(Math.floor(page / scenario.layout.sub)) as ModelPage;
  const index = page % scenario.layout.sub;
  // What lies behind the end of a file but in its last page is lost when, nobody can say.
  if (cause === undefined && modelPage.shared && modelPage.filePage + index >= (modelPage.file?.size ?? 0)) return;
  const frame = pair.access(page, Access.Write);
  if (cause !== undefined) {
    same('store', frame, -cause);
    if (cause !== 4) return;
    pair.space.clearCode(page * GUEST_PAGE);
    modelPage.code[index] = false;
    // The other mappings of the page were announced, so the listeners cleared their models.
    if (!modelPage.shared) return;
    for (const alias of model.aliases(page, scenario.models)) same('code mark', alias.page.code[alias.index], false);
    return;
  }
  if (frame <= 0) same('store', frame, 'a frame');
  const value = scenario.random.below(1 << 30);
  scenario.memory.u32[(frame + 8) / 4] = value;
  model.write(page, value);
}

export function load(scenario: Scenario, pair: Pair): void {
  const page = scenario.guestPage();
  const access = scenario.random.pick([Access.Read, Access.Execute]);
  scenario.describe(pair, page, access);
  const cause = pair.model.fault(page, access, []);
  const frame = pair.access(page, access);
  if (cause !== undefined) same('load', frame, -cause);
  else if (frame <= 0) same('load', frame, 'a frame');
  else same('loaded value', scenario.memory.u32[(frame + 8) / 4], pair.model.read(page));
}

export function mark(scenario: Scenario, pair: Pair): void {
  const page = scenario.guestPage();
  scenario.describe(pair, page);
  const cause = pair.model.fault(page, Access.Execute, []);
  const frame = pair.access(page, Access.Execute);
  if (cause !== undefined) {
    same('fetch', frame, -cause);
    return;
  }
  pair.model.read(page);
  pair.space.markCode(page * GUEST_PAGE);
  (pair.model.pages.get(Math.floor(page / scenario.layout.sub)) as ModelPage).code[page % scenario.layout.sub] = true;
}
