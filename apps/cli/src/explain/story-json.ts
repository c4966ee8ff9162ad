// The story of execve as JSON: addresses are hexadecimal strings, error numbers their names.
import { type ExecInput, errnoName, type ImageFinding } from '@elf/exec';
import { hex } from '../report-numbers.ts';
import { type ExecStory, lateFate } from './exec-story.ts';

/** Raised when a field changes its meaning. */
const JSON_SCHEMA = 1;

/** One object. Fields of a success: format, executable, entry ... maps; of a refusal: errno, rule, reason, brokenRules ... */
export function storyJson({ request, outcome, broken }: ExecStory): string {
  const { profile, policy, hostPageBytes, seed } = request;
  const common = {
    schema: JSON_SCHEMA,
    profile: profile.name,
    policy: policy?.name,
    hostPageBytes,
    randomizationSeed: seed,
    accepted: outcome.ok,
    steps: outcome.record.map(({ step, kernelFunction, inputs, decision, errno }) => ({
      step,
      kernelFunction,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, jsonInput(value)])),
      decision,
      errno: errno === undefined ? undefined : errnoName(errno),
    })),
  };
  const result = outcome.ok
    ? {
        ...common,
        format: outcome.format,
        abi: outcome.abi,
        executable: outcome.executablePath,
        arguments: outcome.argv.map((argument) => new TextDecoder().decode(argument)),
        entry: hex(outcome.entry),
        programEntry: hex(outcome.programEntry),
        stackPointer: hex(outcome.stackPointer),
        brk: hex(outcome.brk),
        loadBias: hex(outcome.loadBias),
        interpreterBase: hex(outcome.interpreterBase),
        isStackExecutable: outcome.isStackExecutable,
        auxiliaryVector: outcome.auxiliaryVector.map(({ id, name, value }) => ({ id, name, value: hex(value) })),
        maps: outcome.space.mapsText().trimEnd().split('\n'),
      }
    : {
        ...common,
        errno: errnoName(outcome.errno),
        afterPointOfNoReturn: outcome.afterPointOfNoReturn,
        signal: outcome.afterPointOfNoReturn ? lateFate(profile) : undefined,
        rule: outcome.refusal.rule,
        reason: outcome.refusal.sentence,
        brokenRules: broken.map(jsonFinding),
      };
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

function jsonFinding({ rule, errno, when, kernelFunction, sentence }: ImageFinding) {
  return { rule, errno: errnoName(errno), when, kernelFunction, sentence };
}

function jsonInput(value: ExecInput): string | number | boolean {
  return typeof value === 'bigint' ? hex(value) : value;
}
