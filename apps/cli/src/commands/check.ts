// elf check FILE|DIRECTORY|ARCHIVE...: which loader loads each file, which refuses it by which rule, and which bytes are damaged.
import { CHECK_LOADERS, checkImage } from '@elf/exec/check';
import packageFacts from '../../package.json' with { type: 'json' };
import { visitInput } from '../check/check-inputs.ts';
import { CHECK_USAGE, type CheckRequest, readCheckRequest } from '../check/check-option-rows.ts';
import { type CheckProgress, NO_PROGRESS, progressBar } from '../check/check-progress.ts';
import { type CheckSummary, counts, type ReportFormat, tally } from '../check/check-result.ts';
import type { CheckTarget, TargetVisitor } from '../check/check-target.ts';
import { githubReport } from '../check/report-github.ts';
import { jsonLinesReport, jsonReport } from '../check/report-json.ts';
import { markdownReport } from '../check/report-markdown.ts';
import { sarifReport } from '../check/report-sarif.ts';
import { textReport } from '../check/report-text.ts';
import { mistakeText, nameTable } from '../options.ts';
import { Output, type TextStreams } from '../readelf/output.ts';

const EXIT_CLEAN = 0;
const EXIT_FINDINGS = 1;
const EXIT_UNREADABLE = 2;

/** What the command needs to know of the process it runs in. */
export interface CheckHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What goes to standard output may have colours. */
  readonly hasColors: boolean;
  /** Standard output is a terminal. */
  readonly isTerminal: boolean;
  /** Standard error, when it is a terminal. */
  readonly terminal: NodeJS.WritableStream | undefined;
}

/** The process itself. NO_COLOR beats FORCE_COLOR beats what standard output is (no-color.org, force-color.org). */
function processHost(): CheckHost {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  const isWanted = FORCE_COLOR !== undefined && FORCE_COLOR !== '' && FORCE_COLOR !== '0';
  return {
    environment: process.env,
    hasColors: (NO_COLOR ?? '') === '' && (isWanted || (process.stdout.isTTY === true && TERM !== 'dumb')),
    isTerminal: process.stdout.isTTY === true,
    terminal: process.stderr.isTTY ? process.stderr : undefined,
  };
}

/**
 * Runs the command.
 * @param args what follows "check" on the command line.
 * @returns the exit status: 0 clean, 1 findings at or above --fail-on, 2 usage or unreadable input (what could be read is printed).
 */
export async function checkCommand(args: readonly string[], io: TextStreams, host = processHost()): Promise<number> {
  const request = readCheckRequest(args, host.environment);
  if (typeof request === 'string') {
    io.stderr(mistakeText('check', request));
    return EXIT_UNREADABLE;
  }
  if (request.action === 'help') io.stdout(CHECK_USAGE);
  else if (request.action === 'list-loaders') io.stdout(loaderList());
  else return new CheckRun(request, io, host).run();
  return EXIT_CLEAN;
}

function loaderList(): string {
  return nameTable(
    CHECK_LOADERS.map(({ name, title, isDefault }) => [name, `${title}${isDefault ? '' : ' (only when named)'}`]),
  );
}

/** One run: totals, the format, and where it goes. */
class CheckRun implements TargetVisitor {
  readonly #request: CheckRequest;
  readonly #host: CheckHost;
  readonly #output: Output;
  readonly #format: ReportFormat;
  readonly #progress: CheckProgress;
  #files = 0;
  #skipped = 0;
  #unreadable = 0;
  #failing = 0;
  readonly #totals = { errors: 0, warnings: 0, notes: 0 };

  constructor(request: CheckRequest, io: TextStreams, host: CheckHost) {
    this.#request = request;
    this.#host = host;
    this.#output = new Output(io);
    this.#format = this.#chooseFormat();
    // A bar between lines of output on the same terminal would tear them apart.
    const hasRoom = host.terminal !== undefined && !host.isTerminal;
    this.#progress = hasRoom ? progressBar(host.terminal as NodeJS.WritableStream) : NO_PROGRESS;
  }

  async run(): Promise<number> {
    this.#output.write(this.#format.begin());
    for (const path of this.#request.paths) await visitInput(path, this, this.#progress);
    this.#progress.stop();
    const status = this.#unreadable > 0 ? EXIT_UNREADABLE : this.#failing > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
    const { errors, warnings, notes } = this.#totals;
    const summary: CheckSummary = {
      files: this.#files,
      skipped: this.#skipped,
      unreadable: this.#unreadable,
      errors,
      warnings,
      notes,
      status,
    };
    this.#output.write(this.#format.end(summary));
    this.#output.flush();
    return status;
  }

  visit({ path, file, member, source, zip, isNamed }: CheckTarget): void {
    const { loaders, hostPageBytes, scan, failOn, format } = this.#request;
    // One line is printed: what it does not show is not looked for, which halves the time.
    const isBrief = !isNamed && format === 'text' && failOn === 'error';
    const report = checkImage(source, {
      loaders,
      hostPageBytes,
      askEmulators: isNamed || hostPageBytes !== undefined,
      reportPermissions: !isBrief,
      scanRuntimes: scan === 'always' || (scan === 'named' && isNamed),
      naming: isNamed ? 'symbols' : isBrief ? 'nothing' : 'sections',
      ...(zip && { zip }),
      path: member === undefined ? path : undefined,
    });
    const findings = report.findings.filter(({ rule }) => this.#isReported(rule));
    this.#files++;
    const { errors, warnings, notes } = tally(findings);
    this.#totals.errors += errors;
    this.#totals.warnings += warnings;
    this.#totals.notes += notes;
    if (findings.some((finding) => counts(finding, failOn))) this.#failing++;
    const checked = {
      path,
      file,
      ...(member === undefined ? {} : { member }),
      isNamed,
      bytes: source.size,
      report: { ...report, findings },
    };
    this.#output.write(this.#format.file(checked));
  }

  unreadable(path: string, message: string): void {
    this.#unreadable++;
    this.#output.write(this.#format.unreadable({ path, message }));
    if (this.#request.format !== 'text') {
      this.#progress.clear();
      this.#output.message(`elf check: ${path}: ${message}\n`);
    }
  }

  skipped(): void {
    this.#skipped++;
  }

  #isReported(rule: string): boolean {
    const { rules, ignored } = this.#request;
    return (rules?.includes(rule) ?? true) && !ignored.includes(rule);
  }

  #chooseFormat(): ReportFormat {
    const { format, paths, failOn, color } = this.#request;
    switch (format) {
      case 'json':
        return jsonReport();
      case 'jsonl':
        return jsonLinesReport();
      case 'sarif':
        return sarifReport(packageFacts.version);
      case 'github':
        return githubReport();
      case 'markdown':
        return markdownReport();
      default: {
        const isColored = color === 'always' || (color === 'auto' && this.#host.hasColors);
        return textReport({ isColored, isSingle: paths.length === 1, failOn });
      }
    }
  }
}
