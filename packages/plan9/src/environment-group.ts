// The environment of Plan 9 (env(3)): a flat directory of small files that a group of processes shares.

/** A variable. */
export interface Variable {
  bytes: Uint8Array;
  /** Number that tells it from another of the same name (qid.path), and how often it changed. */
  readonly id: number;
  version: number;
}

/** ENVG: the variables by name (byte strings). */
export class EnvironmentGroup {
  readonly variables = new Map<string, Variable>();
  #nextId = 1;

  /** A copy for a process with RFENVG. */
  copy(): EnvironmentGroup {
    const made = new EnvironmentGroup();
    for (const [name, { bytes }] of this.variables) made.create(name).bytes = bytes.slice();
    return made;
  }

  /** The variable of a name, empty, made if it is missing. */
  create(name: string): Variable {
    const known = this.variables.get(name);
    if (known !== undefined) {
      known.bytes = new Uint8Array(0);
      known.version++;
      return known;
    }
    const made = { bytes: new Uint8Array(0), id: this.#nextId++, version: 0 };
    this.variables.set(name, made);
    return made;
  }
}
