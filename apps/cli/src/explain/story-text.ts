// The story of execve as text: a line per step, then the verdict and what else stands in the way, or the address space.
import { type ExecOutcome, errnoName, type ImageFinding } from '@elf/exec';
import { hex } from '../report-numbers.ts';
import { type ExecStory, lateFate } from './exec-story.ts';

/** The whole story. */
export function storyText(story: ExecStory): string {
  const { outcome } = story;
  const end = outcome.ok ? `${acceptance(outcome)}\n\n${outcome.space.mapsText()}` : refusal(story);
  return `${steps(outcome)}\n${end}`;
}

function steps({ record }: ExecOutcome): string {
  const lines: string[] = [];
  const width = Math.max(...record.map(({ kernelFunction }) => kernelFunction.length));
  for (const { step, kernelFunction, inputs, decision, errno } of record) {
    const failed = errno === undefined ? '' : ` [${errnoName(errno)}]`;
    lines.push(`${kernelFunction.padEnd(width)}  ${step}: ${decision}${failed}\n`);
    const facts = Object.entries(inputs).map(([name, value]) => `${name} ${value}`);
    if (facts.length > 0) lines.push(`${' '.repeat(width)}    ${facts.join(', ')}\n`);
  }
  return lines.join('');
}

function acceptance(outcome: ExecOutcome & { readonly ok: true }): string {
  const pointer = outcome.abi === 'x86-64' ? 'rsp' : 'esp';
  const [entry, stack, heap] = [outcome.entry, outcome.stackPointer, outcome.brk].map(hex);
  return `accepted as ${outcome.format}: starts at ${entry} with ${pointer} ${stack}, heap at ${heap}`;
}

function refusal({ outcome, broken, request }: ExecStory): string {
  if (outcome.ok) return '';
  const { rule, sentence } = outcome.refusal;
  const fate = outcome.afterPointOfNoReturn
    ? `the process dies of ${lateFate(request.profile)}`
    : `execve returns ${errnoName(outcome.errno)}`;
  const others = broken.filter((finding) => finding.rule !== rule);
  const heading = `${request.program} also breaks ${others.length === 1 ? 'a rule' : `${others.length} rules`} of ${request.profile.name}:\n`;
  const list = others.length === 0 ? '' : `${heading}${others.map(line).join('')}`;
  return `refused by rule ${rule}: ${sentence}\n${fate}\n${list}`;
}

function line({ rule, sentence, errno, when }: ImageFinding): string {
  return `  ${rule}: ${sentence} [${errnoName(errno)}${when === 'after' ? ', too late to return' : ''}]\n`;
}
