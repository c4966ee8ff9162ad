// All crafted cases together: the directory they share, both sides' views of it, and what is recorded of them.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ExecFiles } from '../../exec-request.ts';
import { craftedImages, craftedInterpreters } from '../crafted-images.ts';
import type { CraftedCase } from './crafted-case.ts';
import { type CraftedDirectory, craftedFiles, materialize } from './crafted-directory.ts';
import { images32, interpreters32 } from './crafted-images-i386.ts';
import { images64, interpreters64 } from './crafted-images-x86-64.ts';
import { limitCases } from './crafted-limits.ts';
import { pathCases, pathFiles } from './crafted-paths.ts';
import type { EntryState } from './entry-state.ts';
import type { KernelCase, KernelFacts, KernelRunner, Observation } from './kernel-runner.ts';
import { readState, stateText } from './recorded-state.ts';

/** Pages of each area whose content is compared. */
export const CONTENT_PAGES = 64;
/** Recorded answers of the kernel. */
export const RECORDED = fileURLToPath(new URL('../../../vectors/kernel-cases.json', import.meta.url));

/** Images and interpreters that know the directory they are in. */
const IMAGES = 'images';
const images = craftedImages(IMAGES);
const imageCases = images.map(({ name }): CraftedCase => ({ name: `image: ${name}`, path: `./${IMAGES}/${name}` }));
const imageFiles = [...craftedInterpreters(), ...images].map(({ name, program, mode }) => [
  `${IMAGES}/${name}`,
  { content: program, mode },
]);

/** Every case. */
export const craftedCases: readonly CraftedCase[] = [
  ...imageCases,
  ...images64,
  ...images32,
  ...pathCases,
  ...limitCases,
];

const directory: CraftedDirectory = {
  ...interpreters64,
  ...interpreters32,
  ...pathFiles,
  ...Object.fromEntries(imageFiles),
};

function fileName(name: string): string {
  return name.replaceAll('/', '-');
}

/** The case as the runner takes it. */
export function kernelCase(crafted: CraftedCase): KernelCase {
  const { name, path = `./${fileName(name)}`, argv, envp = [], limits, unprivileged, busy, noexec } = crafted;
  return { path, argv: argv === undefined ? [path] : argv, envp, limits, unprivileged, busy, noexec };
}

/** The files of a case as execve sees them. */
export function filesOf(crafted: CraftedCase, { alignsToHugePages }: KernelFacts): ExecFiles {
  return craftedFiles({ ...directory, ...ownFile(crafted) }, { ...crafted, alignsToHugePages });
}

function ownFile({ name, file }: CraftedCase): CraftedDirectory {
  return file === undefined ? {} : { [fileName(name)]: file };
}

/** The kernel's answer to a case: how the program ended when it ran, and its state before that. */
export interface CraftedAnswer {
  readonly outcome: string;
  readonly state?: EntryState;
}

/** Asks the kernel about cases, all crafted ones by default. Those it cannot be asked are missing from the answer. */
export function askKernel(
  runner: KernelRunner,
  root: string,
  facts: KernelFacts,
  wanted: readonly CraftedCase[] = craftedCases,
): Map<string, CraftedAnswer> {
  const mayBeAsked = ({ name, needsRoot }: CraftedCase) =>
    (!needsRoot || facts.uid === 0) && (runner.startsI386 || !name.includes('i386'));
  const cases = wanted.filter(mayBeAsked);
  materialize(Object.assign({}, directory, ...cases.map(ownFile)), root);
  const inRoot = cases.map((each) => ({ ...kernelCase(each), directory: root }));
  const stopped = runner.run(inRoot.map((each) => ({ ...each, contentPages: CONTENT_PAGES })));
  // What may run runs a second time, untouched, to its end.
  const ran = runner.run(inRoot.filter((_, index) => !cases[index].isOnlyStopped)).values();
  const answers = new Map<string, CraftedAnswer>();
  cases.forEach(({ name, outcomeOnly, isOnlyStopped }, index) => {
    const { outcome } = isOnlyStopped ? stopped[index] : (ran.next().value as Observation);
    if (outcome.startsWith('unavailable')) return;
    const state = stopped[index].state;
    const isCompared = state !== undefined && outcomeOnly === undefined;
    answers.set(name, isCompared ? { outcome, state: relative(state, root) } : { outcome });
  });
  return answers;
}

/** The state with paths relative to the directory. */
function relative(state: EntryState, root: string): EntryState {
  return { ...state, maps: state.maps.map((line) => line.replace(`${root}/`, './')) };
}

/** Answers as recorded, with the facts of the kernel that gave them. */
export interface Recording {
  readonly kernel: string;
  readonly facts: KernelFacts;
  readonly answers: Readonly<Record<string, CraftedAnswer>>;
}

/** The recording of the repository. */
export function readRecording(): Recording {
  return JSON.parse(readFileSync(RECORDED, 'utf8'), readState);
}

/** A recording as text, one case a line. */
export function recordingText(kernel: string, facts: KernelFacts, answers: Map<string, CraftedAnswer>): string {
  const rows = [...answers].map(([name, { outcome, state }]) => {
    return `  ${JSON.stringify(name)}: ${JSON.stringify({ outcome, state: state && stateText(state) })}`;
  });
  return `{\n "kernel": ${JSON.stringify(kernel)},\n "facts": ${JSON.stringify(facts)},\n "answers": {\n${rows.join(',\n')}\n }\n}\n`;
}
