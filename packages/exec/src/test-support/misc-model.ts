// Our side of the comparison with a real binfmt_misc: obeys the commands of native/binfmt-misc.c with execve and BinfmtMiscTable.
import { bytesBacking } from '@elf/mm';
import { bytesSource } from '@elf/parse';
import { BinfmtMiscTable } from '../binfmt-misc/misc-table.ts';
import { ExecErrno } from '../exec-errno.ts';
import type { ExecFile, ExecOutcome, ExecRequest, ExecSuccess } from '../exec-request.ts';
import { buildElf } from './elf-builder.ts';
import { latin1, type MiscCommand, SHOW } from './misc-kernel.ts';
import { oneMemory } from './one-memory.ts';
import { run } from './run-execve.ts';

const ENOTDIR = 20;
const NONE = Infinity;

interface ModelFile {
  readonly content: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Files, rules and programs as the runner's commands change them. */
export class MiscModel {
  readonly #files = new Map<string, ModelFile>();
  readonly #links = new Map<string, string>();
  readonly #directories = new Set(['/', '/mnt']);
  readonly #table = new BinfmtMiscTable({ openInterpreter: (path) => this.#openAs(0, textOf(path)) });
  #cwd = '/';
  /** The file somebody writes to. */
  #busy = '';

  constructor() {
    this.#files.set(SHOW, { content: buildElf({}), mode: 0o755, uid: 0, gid: 0 });
  }

  /** The line the runner would print. */
  obey([verb, ...words]: MiscCommand): string {
    switch (verb) {
      case 'cd':
        this.#cwd = words[0];
        return 'ok';
      case 'mkdir':
        this.#directories.add(words[0]);
        return 'ok';
      case 'link':
        this.#links.set(words[1], words[0]);
        return 'ok';
      case 'busy':
        this.#busy = words[0];
        return 'ok';
      case 'unlink':
        this.#files.delete(words[0]);
        return 'ok';
      case 'file':
        return this.#put(words[0], words.slice(1), latin1(words[4]));
      case 'copy':
        return this.#put(words[1], words.slice(2), this.#files.get(words[0])?.content ?? new Uint8Array());
      case 'write':
        return counted(this.#table.write(words[0], latin1(words[1])));
      case 'read': {
        const text = this.#table.read(words[0]);
        return typeof text === 'number' ? `errno ${-text}` : `text ${hexOf(text)}`;
      }
      default:
        return described(this.#start(verb, words));
    }
  }

  #put(path: string, [mode, uid, gid]: readonly string[], content: Uint8Array): string {
    this.#files.set(path, { content, mode: Number(mode), uid: Number(uid), gid: Number(gid) });
    return 'ok';
  }

  #start(verb: string, words: readonly string[]): ExecOutcome {
    const flag = Number(words[0]);
    switch (verb) {
      case 'exec':
        return this.#execute(words[0], words.slice(1));
      case 'exec-as':
        return this.#execute(words[1], words.slice(2), {}, flag);
      case 'exec-fd': {
        const descriptor = { number: 3, closesOnExec: flag === 1, open: () => this.#openAs(0, words[1]) };
        const rest = { at: { flags: 0x1000, descriptor }, lowestFreeDescriptor: flag === 1 ? 3 : 4 };
        return this.#execute('', words.slice(2), rest);
      }
      case 'exec-at': {
        const open = (name: string) => this.#openAs(0, `${words[1]}/${name}`);
        const descriptor = { number: 3, closesOnExec: flag === 1, open };
        const rest = { at: { descriptor }, lowestFreeDescriptor: flag === 1 ? 3 : 4 };
        return this.#execute(words[2], words.slice(3), rest);
      }
      case 'exec-flags':
        return this.#execute(words[1], [''], { at: { flags: flag } });
      case 'exec-crowded':
        return this.#execute(words[1], [''], { limits: { isProcessLimitExceeded: true } }, flag);
      default: {
        const count = Number(words[2]);
        const envp =
          verb === 'count' ? Array(count).fill('') : words.slice(2).map((length) => 'e'.repeat(Number(length)));
        const limits = { stackLimitInBytes: flag === 0 ? NONE : flag };
        return this.#execute(words[1], [''], { limits, envp });
      }
    }
  }

  #execute(path: string, argv: readonly string[], rest: Partial<ExecRequest> = {}, user = 0): ExecOutcome {
    const open = (name: string, _bytes: Uint8Array, follows?: boolean) => this.#openAs(user, name, follows);
    return run(
      {},
      {
        path: latin1(path),
        argv: argv.map(latin1),
        files: { open },
        binfmtMisc: this.#table,
        credentials: { uid: user, euid: user, gid: user, egid: user },
        memory: oneMemory(),
        ...rest,
      },
    );
  }

  /** Walks a path as the scenarios need it: one symbolic link, and permission to execute. */
  #openAs(user: number, name: string, followsLastLink = true): ExecFile | number {
    const path = name.startsWith('/') ? name : `${this.#cwd === '/' ? '' : this.#cwd}/${name}`;
    const target = this.#links.get(path);
    if (target !== undefined) return followsLastLink ? this.#openAs(user, target) : ExecErrno.ELOOP;
    if (this.#directories.has(path)) return fileOf({ content: new Uint8Array(), mode: 0o755, uid: 0, gid: 0 }, false);
    const file = this.#files.get(path);
    const isOpenForWriting = path === this.#busy;
    if (file !== undefined && !mayExecute(file, user)) return ExecErrno.EACCES;
    if (file !== undefined) return { ...fileOf(file, true), isOpenForWriting };
    return this.#files.has(path.slice(0, path.lastIndexOf('/'))) ? ENOTDIR : ExecErrno.ENOENT;
  }
}

function mayExecute({ mode, uid, gid }: ModelFile, user: number): boolean {
  if (user === 0) return (mode & 0o111) !== 0;
  return ((mode >> (user === uid ? 6 : user === gid ? 3 : 0)) & 1) !== 0;
}

function fileOf({ content, mode, uid, gid }: ModelFile, isRegularFile: boolean): ExecFile {
  return { source: bytesSource(content), backing: bytesBacking(content), mode, isRegularFile, owner: { uid, gid } };
}

const counted = (result: number) => (result < 0 ? `errno ${-result}` : `ok ${result}`);
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

/** What the runner says of a start; a program that was accepted is show-start, which prints what it sees. */
function described(outcome: ExecOutcome): string {
  if (outcome.ok) return `exit 0 ${hexOf(latin1(shown(outcome)))}`;
  return outcome.afterPointOfNoReturn ? 'signal 11' : `errno ${outcome.errno}`;
}

/** The lines native/show-start.c prints. */
function shown({ argv, auxiliaryVector, filename, passedFile }: ExecSuccess): string {
  const facts: Record<number, string> = { 8: 'flags', 11: 'uid', 12: 'euid', 13: 'gid', 14: 'egid', 23: 'secure' };
  const lines = argv.map((argument) => `argument ${textOf(argument)}`);
  auxiliaryVector.forEach(({ id, value }, index) => {
    if (facts[id] !== undefined) lines.push(`${facts[id]} ${value}`);
    if (id === 31) lines.push(`execfn ${filename}`);
    if (id !== 2) return;
    const first = passedFile?.file.source.read(0, 8) ?? new Uint8Array();
    lines.push(`descriptor ${value}`, `descriptor follows ${auxiliaryVector[index - 1].id}`);
    lines.push(`descriptor holds ${textOf(first).split('\0')[0]}`);
  });
  return `${lines.join('\n')}\n`;
}
