// The few WebAssembly names the host-neutral packages use: they compile without the DOM library and without Node's types.
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer;
    grow(deltaInPages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  type ExportValue = unknown;
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, ExportValue>;
  }
  function validate(bytes: Uint8Array): boolean;
}
