// Rows of Plan 9 system calls: the kernel's, with failures turned into error strings on the way out.
import {
  type ArgumentKind,
  defineSystemCall,
  type SystemCallResult,
  type SystemCallRow,
  type Thread,
} from '@elf/kernel';
import { settle } from './settle-call.ts';

type Kinds = Readonly<Record<string, ArgumentKind<unknown>>>;
type Values<Each> = { readonly [Name in keyof Each]: Each[Name] extends ArgumentKind<infer Value> ? Value : never };

/** A row while it is written. Numbers are the same on every machine (/sys/src/libc/9syscall/sys.h). */
interface CallDefinition<Each extends Kinds> extends Pick<SystemCallRow, 'name' | 'support' | 'note' | 'result'> {
  readonly number: number;
  /** Only for machines where the call has other arguments. */
  readonly only?: 'amd64' | '386';
  readonly arguments: Each;
  /** Negative numbers are failures, of errno or of `Failure`; bigints are results whatever their sign. */
  run(task: Thread, values: Values<Each>): SystemCallResult;
}

/**
 * Makes a row for both machines.
 * @example
 * export const close = defineCall({
 *   name: 'close', number: 4, support: 'full', arguments: { fd: int },
 *   run: (task, { fd }) => task.process.descriptors.close(fd),
 * });
 */
export function defineCall<Each extends Kinds>(definition: CallDefinition<Each>): SystemCallRow {
  const { number, only, run, ...row } = definition;
  return defineSystemCall<Each>({
    ...row,
    numbers: only === undefined ? { amd64: number, '386': number } : { [only]: number },
    run: (task, values) => settle(task, run(task, values as Values<Each>)),
  });
}
