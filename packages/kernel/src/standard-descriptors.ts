// Descriptors 0, 1 and 2 of the first process.
import { DescriptorTable } from './descriptor-table.ts';
import { OpenDescription } from './files/open-description.ts';
import type { Host } from './host/host.ts';

/** A table with the host's three streams; only a terminal can be read and written alike. */
export function standardDescriptors({ streams }: Host): DescriptorTable {
  const table = new DescriptorTable();
  const { input, output, error } = streams;
  const mode = { readable: true, writable: true, append: false, nonBlocking: false };
  table.insert(new OpenDescription(input, { ...mode, writable: input.terminal !== undefined }));
  table.insert(new OpenDescription(output, { ...mode, readable: output.terminal !== undefined }));
  table.insert(new OpenDescription(error, { ...mode, readable: error.terminal !== undefined }));
  return table;
}
