// Pointers to structures as argument kinds.
import { type ArgumentKind, CallFailure, Errno, type PrintedCall, printPointer, type Thread, unsignedArgument } from '@elf/kernel';
import { type FieldValue, layoutFor, type StructLayout } from './struct-layout.ts';

/** A place where a call stores a structure; null pointers are allowed and store nothing. */
export class StructTarget<Name extends string> {
  readonly address: number;
  readonly #task: Thread;
  readonly #layout: StructLayout<Name>;

  constructor(task: Thread, address: number, layout: StructLayout<Name>) {
    this.#task = task;
    this.address = address;
    this.#layout = layout;
  }

  get isNull(): boolean {
    return this.address === 0;
  }

  /** Stores the structure: 0 or -EFAULT. A null pointer is -EFAULT; ask `isNull` first where it is allowed. */
  write(values: Readonly<Partial<Record<Name, FieldValue>>>): number {
    return this.#task.user.write(this.address, this.#layout.encode(values)) ? 0 : -Errno.EFAULT;
  }

  /** The structure as it is in memory now. */
  read(): Record<Name, number> | undefined {
    const bytes = this.#task.user.read(this.address, this.#layout.sizeInBytes);
    return bytes && this.#layout.decode(bytes);
  }
}

type Printer<Name extends string> = (values: Record<Name, number>) => string;

/** A structure the call stores. Printed from memory when the call succeeded. */
export function structOut<Name extends string>(layout: StructLayout<Name>, print: Printer<Name> = printAll): ArgumentKind<StructTarget<Name>> {
  return {
    isStored: true,
    decode: (raw, index) => new StructTarget(raw.task, unsignedArgument(raw, index), layoutFor(raw.task, layout)),
    print: (value, call, index) => {
      const values = (call.result ?? -1) < 0 || value.isNull ? undefined : value.read();
      return values === undefined ? printPointer(call, index) : print(values);
    },
  };
}

/** A structure the call reads; EFAULT when it cannot be read. */
export function structIn<Name extends string>(layout: StructLayout<Name>, print: Printer<Name> = printAll): ArgumentKind<Record<Name, number>> {
  return {
    decode: (raw, index) => {
      const form = layoutFor(raw.task, layout);
      const bytes = raw.task.user.read(unsignedArgument(raw, index), form.sizeInBytes);
      return bytes === undefined ? new CallFailure(Errno.EFAULT) : form.decode(bytes);
    },
    print: (value) => print(value),
  };
}

/** Like {@link structIn}, and a null pointer is undefined. */
export function optionalStructIn<Name extends string>(
  layout: StructLayout<Name>,
  print: Printer<Name> = printAll,
): ArgumentKind<Record<Name, number> | undefined> {
  const present = structIn(layout, print);
  return {
    decode: (raw, index) => (unsignedArgument(raw, index) === 0 ? undefined : present.decode(raw, index)),
    print: (value: Record<Name, number> | undefined, call: PrintedCall, index) => (value === undefined ? 'NULL' : present.print(value, call, index)),
  };
}

/** Every field by name, for structures without a printer of their own. */
function printAll(values: Record<string, number>): string {
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')}}`;
}
