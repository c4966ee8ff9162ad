// Public names of @elf/parse/node.
export { type DescriptorSource, descriptorSource, openFileSource } from './host/node/file-source.ts';
