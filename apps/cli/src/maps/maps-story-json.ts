// The maps as JSON: 64-bit values are "0x..." strings, counts are numbers.
import { errnoName } from '@elf/exec';
import type { AddressRange, ByteOrigin } from '@elf/pagesize';
import { hex } from '../report-numbers.ts';
import type { ImageReport } from './image-report.ts';
import type { LoadStory } from './load-story.ts';
import { rightsText } from './maps-story-text.ts';

/** Raised when a field changes its meaning. */
const JSON_SCHEMA = 1;

/** The document with a newline at its end. */
export function storyJson({ request, outcome, images }: LoadStory): string {
  const common = {
    schema: JSON_SCHEMA,
    file: request.program,
    profile: request.profile.name,
    policy: request.policy.name,
    hostPageBytes: request.hostPageBytes,
    accepted: outcome.ok,
  };
  const result = outcome.ok
    ? {
        ...common,
        executable: outcome.executablePath,
        format: outcome.format,
        entry: hex(outcome.entry),
        stackPointer: hex(outcome.stackPointer),
        brk: hex(outcome.brk),
        maps: mapsRows(outcome.space.mapsText()),
        images: images.map(imageJson),
      }
    : {
        ...common,
        errno: errnoName(outcome.errno),
        afterPointOfNoReturn: outcome.afterPointOfNoReturn,
        rule: outcome.refusal.rule,
        reason: outcome.refusal.sentence,
        images: images.map(imageJson),
      };
  return `${JSON.stringify(result, undefined, 2)}\n`;
}

function mapsRows(text: string): object[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, start, end, permissions, offset, device, inode, name] =
        /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) (\S+) (\d+) *(.*)$/s.exec(line) ?? [];
      const range = { start: hex(BigInt(`0x${start}`)), end: hex(BigInt(`0x${end}`)) };
      return { ...range, permissions, offset: hex(BigInt(`0x${offset}`)), device, inode: Number(inode), name };
    });
}

function imageJson(image: ImageReport): object {
  const { role, path, bias, loads, plan, damage, protectionChanges, damagedBytes, differingBytes, isComplete } = image;
  const inMemory = ({ start, end }: AddressRange) => ({ start: hex(start + bias), end: hex(end + bias) });
  return {
    role,
    path,
    bias: hex(bias),
    auxiliaryPageBytes: plan.auxiliaryPageBytes,
    refusal: plan.refusal && { ...plan.refusal, segment: undefined, programHeader: loads[plan.refusal.segment]?.index },
    segments: plan.segments.map(
      ({ segment, granularity, pageStart, fileOffset, mappedBytes, zeroRanges, overlaps }) => ({
        programHeader: loads[segment].index,
        granularity,
        pageStart: hex(pageStart + bias),
        fileOffset: hex(fileOffset),
        mappedBytes: hex(mappedBytes),
        zeroRanges: zeroRanges.map(inMemory),
        overlaps,
      }),
    ),
    damagedBytes: Number(damagedBytes),
    differingBytes,
    isComplete,
    damage: damage.map((range) => ({
      ...inMemory(range),
      wanted: originJson(range.wanted),
      got: originJson(range.got),
      programHeader: loads[range.segment].index,
      damagedBy: loads[range.by].index,
      differingBytes: range.differingBytes,
      excerpt: range.excerpt && { ...range.excerpt, address: hex(range.excerpt.address + bias) },
      sections: range.names.sections.map((named) => ({ name: named.name, ...inMemory(named) })),
      symbols: range.names.symbols.map((named) => ({ name: named.name, ...inMemory(named) })),
      symbolCount: range.names.symbolCount,
    })),
    protectionChanges: protectionChanges.map((change) => ({
      ...inMemory(change),
      wanted: rightsText(change.wanted),
      got: rightsText(change.got),
    })),
  };
}

function originJson(origin: ByteOrigin): object {
  return origin.kind === 'file' ? { kind: 'file', fileOffset: hex(origin.fileOffset) } : origin;
}
