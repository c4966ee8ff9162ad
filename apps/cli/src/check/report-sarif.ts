// Results of `elf check` as SARIF 2.1.0 (OASIS, errata 01): rules, artifacts with their archives, results with byte offsets.
import { isAbsolute, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CHECK_RULES, type CheckRule, type Finding } from '@elf/exec/check';
import { hex } from '../report-numbers.ts';
import type { CheckedFile, ReportFormat, UnreadableInput } from './check-result.ts';

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/** One run of the tool. The document is written when all is known: artifacts refer to each other by index. */
export function sarifReport(version: string): ReportFormat {
  const artifacts: object[] = [];
  const indices = new Map<string, number>();
  const results: object[] = [];
  const notifications: object[] = [];

  const artifactIndex = (uri: string, parent?: number): number => {
    const key = `${parent ?? ''} ${uri}`;
    const known = indices.get(key);
    if (known !== undefined) return known;
    indices.set(key, artifacts.length);
    return artifacts.push({ location: { uri }, ...(parent === undefined ? {} : { parentIndex: parent }) }) - 1;
  };
  const locate = ({ file, member }: CheckedFile): object => {
    const outer = artifactIndex(fileUri(file));
    if (member === undefined) return { uri: fileUri(file), index: outer };
    // Paths inside an archive are relative to it (section 3.24.2).
    const uri = relativeUri(member);
    return { uri, index: artifactIndex(uri, outer) };
  };
  return {
    begin: () => '',
    file(checked) {
      if (checked.report.findings.length === 0) return '';
      const artifactLocation = locate(checked);
      for (const finding of checked.report.findings) results.push(resultOf(finding, checked, artifactLocation));
      return '';
    },
    unreadable(input) {
      notifications.push(notificationOf(input));
      return '';
    },
    end({ status }) {
      const driver = { name: 'elf check', version, semanticVersion: version, rules: CHECK_RULES.map(ruleOf) };
      const invocation = {
        executionSuccessful: notifications.length === 0,
        exitCode: status,
        ...(notifications.length === 0 ? {} : { toolExecutionNotifications: notifications }),
      };
      const run = { tool: { driver }, invocations: [invocation], artifacts, results, columnKind: 'utf16CodeUnits' };
      return `${JSON.stringify({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, undefined, 2)}\n`;
    },
  };
}

function resultOf(finding: Finding, { path }: CheckedFile, artifactLocation: object): object {
  const { rule, severity, loader, hostPageBytes, message, fix, location, evidence } = finding;
  const region = regionOf(finding);
  const address = location.address === undefined ? {} : { address: hex(location.address) };
  return {
    ruleId: rule,
    ruleIndex: CHECK_RULES.findIndex(({ id }) => id === rule),
    level: severity,
    message: { text: `${path}: ${message} ${fix}` },
    locations: [{ physicalLocation: { artifactLocation, ...(region === undefined ? {} : { region }) } }],
    // What stays the same when the file is rebuilt: who says what about which file.
    partialFingerprints: { 'elfCheck/v1': [path, rule, loader ?? '', hostPageBytes ?? ''].join('|') },
    properties: {
      ...(loader === undefined ? {} : { loader }),
      ...(hostPageBytes === undefined ? {} : { hostPageBytes }),
      ...address,
      ...(location.segment === undefined ? {} : { segment: location.segment }),
      ...(evidence.differingBytes === undefined ? {} : { differingBytes: evidence.differingBytes }),
      ...(evidence.names === undefined || evidence.names.length === 0 ? {} : { names: evidence.names }),
    },
  };
}

/** Byte offsets are integers of JSON: what a hostile header claims beyond 2^53 is no place in the file. */
function regionOf({ location, evidence }: Finding): object | undefined {
  const { offset } = location;
  if (offset === undefined || offset < 0n || offset > BigInt(Number.MAX_SAFE_INTEGER)) return undefined;
  const first = evidence.ranges?.[0];
  const length = first === undefined ? 0n : first.end - first.start;
  const byteLength = length > 0n && length <= BigInt(Number.MAX_SAFE_INTEGER) ? { byteLength: Number(length) } : {};
  return { byteOffset: Number(offset), ...byteLength };
}

function ruleOf(rule: CheckRule): object {
  const { id, title, checks, explanation, refusedBy, severity, fix } = rule;
  return {
    id,
    name: id.replaceAll(/[^A-Z0-9]+/g, ''),
    shortDescription: { text: title },
    fullDescription: { text: `${checks} ${explanation}` },
    help: { text: `${explanation} ${refusedBy} ${fix({})}` },
    defaultConfiguration: { level: severity },
  };
}

function notificationOf({ path, message }: UnreadableInput): object {
  return {
    level: 'error',
    message: { text: `${path}: ${message}` },
    locations: [{ physicalLocation: { artifactLocation: { uri: fileUri(path) } } }],
  };
}

/** Relative paths stay relative, so that results fit the checkout they are shown in. */
function fileUri(path: string): string {
  return isAbsolute(path) ? pathToFileURL(path).href : relativeUri(path.split(sep).join('/'));
}

/** A first segment with a colon would read as a scheme (RFC 3986, section 4.2); encodeURIComponent writes it as %3A. */
function relativeUri(path: string): string {
  return path
    .replace(/^(\.\/)+/, '')
    .split('/')
    .map(encodeLoosely)
    .join('/');
}

/** Names that are not UTF-16 (lone surrogates stand for bytes) have no URI; the replacement character stands in. */
function encodeLoosely(segment: string): string {
  return encodeURIComponent(segment.replaceAll(LONE_SURROGATE, '\ufffd'));
}
