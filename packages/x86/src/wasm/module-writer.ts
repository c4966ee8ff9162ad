// Assembles a WebAssembly module: types, one imported memory, imported functions, a function table, exports and bodies.
import { unsignedLeb } from './leb128.ts';
import { Op, Type } from './opcodes.ts';

/** Parameter and result types of a function (bytes of `Type`). */
export interface Signature {
  readonly parameters: readonly number[];
  readonly results: readonly number[];
}

/** A function body: its locals beside the parameters as (count, type) runs, and its instruction bytes without the final `end`. */
export interface FunctionBody {
  readonly locals: readonly (readonly [count: number, type: number])[];
  readonly bytes: readonly number[];
}

/** Collects the parts of a module; imports must be added before functions because they come first in the index space. */
export class ModuleWriter {
  private readonly types: Signature[] = [];
  private readonly imports: { readonly name: string; readonly type: number }[] = [];
  private readonly functions: { readonly type: number; readonly body: FunctionBody }[] = [];
  private readonly exports: { readonly name: string; readonly index: number }[] = [];
  private table: number[] = [];

  type(signature: Signature): number {
    const key = JSON.stringify(signature);
    const known = this.types.findIndex((candidate) => JSON.stringify(candidate) === key);
    return known >= 0 ? known : this.types.push(signature) - 1;
  }
  /** Declares a function imported from module `env`; returns its function index. */
  importFunction(name: string, signature: Signature): number {
    return this.imports.push({ name, type: this.type(signature) }) - 1;
  }
  /** Adds a body; returns its function index. */
  function(signature: Signature, body: FunctionBody): number {
    return this.imports.length + this.functions.push({ type: this.type(signature), body }) - 1;
  }
  export(name: string, index: number): void {
    this.exports.push({ name, index });
  }
  /** Fills the module's one function table. */
  elements(functionIndices: readonly number[]): void {
    this.table = [...functionIndices];
  }

  /** The module's bytes; the memory is imported as `env.memory`. */
  finish(): Uint8Array {
    const out: number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
    section(out, 1, this.types, (bytes, { parameters, results }) => {
      bytes.push(0x60);
      unsignedLeb(bytes, parameters.length);
      bytes.push(...parameters);
      unsignedLeb(bytes, results.length);
      bytes.push(...results);
    });
    const memory = { name: 'memory', type: -1 };
    section(out, 2, [...this.imports, memory], (bytes, { name, type }) => {
      text(bytes, 'env');
      text(bytes, name);
      if (type >= 0) {
        bytes.push(0x00);
        unsignedLeb(bytes, type);
      } else bytes.push(0x02, 0x00, 0x01);
    });
    section(out, 3, this.functions, (bytes, { type }) => unsignedLeb(bytes, type));
    if (this.table.length > 0) {
      section(out, 4, [this.table.length], (bytes, length) => {
        bytes.push(Type.funcref, 0x00);
        unsignedLeb(bytes, length);
      });
    }
    section(out, 7, this.exports, (bytes, { name, index }) => {
      text(bytes, name);
      bytes.push(0x00);
      unsignedLeb(bytes, index);
    });
    if (this.table.length > 0) {
      section(out, 9, [this.table], (bytes, indices) => {
        bytes.push(0x00, Op.i32_const, 0x00, Op.end);
        unsignedLeb(bytes, indices.length);
        for (const index of indices) unsignedLeb(bytes, index);
      });
    }
    section(out, 10, this.functions, (bytes, { body }) => {
      const content: number[] = [];
      unsignedLeb(content, body.locals.length);
      for (const [count, type] of body.locals) {
        unsignedLeb(content, count);
        content.push(type);
      }
      unsignedLeb(bytes, content.length + body.bytes.length + 1);
      append(bytes, content);
      append(bytes, body.bytes);
      bytes.push(Op.end);
    });
    return Uint8Array.from(out);
  }
}

function section<T>(out: number[], id: number, items: readonly T[], write: (bytes: number[], item: T) => void): void {
  const bytes: number[] = [];
  unsignedLeb(bytes, items.length);
  for (const item of items) write(bytes, item);
  out.push(id);
  unsignedLeb(out, bytes.length);
  append(out, bytes);
}

// Not push(...bytes): a spread of a large body overflows the argument stack.
function append(out: number[], bytes: readonly number[]): void {
  for (const byte of bytes) out.push(byte);
}

function text(bytes: number[], value: string): void {
  unsignedLeb(bytes, value.length);
  for (let index = 0; index < value.length; index += 1) bytes.push(value.charCodeAt(index));
}
