// qXfer: the objects a debugger reads in portions (GDB manual, appendix E.4, qXfer).
import { encodeText, fromBytes, type Thread } from '@elf/kernel';
import type { DebugSession } from './debug-session.ts';
import type { RegisterRow } from './registers.ts';
import { targetDescription } from './target-description.ts';

/** What objects are made from. */
export interface ObjectSource {
  readonly session: DebugSession;
  readonly thread: Thread | undefined;
  /** The registers of that thread. */
  readonly rows: () => readonly RegisterRow[] | undefined;
}

const FAILED = 'E00';

/** Objects by name; undefined: there is none now. */
const OBJECTS: Readonly<Record<string, (source: ObjectSource) => string | undefined>> = {
  features: ({ rows: rowsOf }) => {
    const rows = rowsOf();
    return rows && targetDescription(rows[0].bytes === 8 ? 64 : 32, rows);
  },
  auxv: ({ session }) => session.process && fromBytes(session.process.program.auxiliaryVector),
  'exec-file': ({ session }) => session.process?.program.executable,
  siginfo: ({ session, thread }) => {
    const { stop } = session;
    return stop?.information !== undefined && stop.thread === thread ? fromBytes(stop.information) : undefined;
  },
  threads: ({ session }) => {
    const name = xmlText(session.process?.commandName ?? '');
    const lines = [...(session.process?.threads ?? [])].map(
      ({ id }) => `<thread id="${id.toString(16)}" core="0" name="${name}"/>\n`,
    );
    return `<?xml version="1.0"?>\n<threads>\n${lines.join('')}</threads>\n`;
  },
};

/** Answers `object:read:annex:offset,length`. */
export function transferObject(request: string, source: ObjectSource): string {
  const [, object, range] = /^([^:]+):read:[^:]*:([0-9a-f]+,[0-9a-f]+)$/i.exec(request) ?? [];
  if (object === undefined || !Object.hasOwn(OBJECTS, object)) return '';
  const content = OBJECTS[object](source);
  if (content === undefined) return FAILED;
  const [offset, length] = range.split(',').map((word) => Number.parseInt(word, 16));
  const part = content.slice(offset, offset + length);
  return `${offset + part.length < content.length ? 'm' : 'l'}${part}`;
}

function xmlText(text: string): string {
  const plain = text.replace(/[^ -~]/g, '?');
  return encodeText(plain.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`));
}
