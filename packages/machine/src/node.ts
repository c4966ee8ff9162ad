// Public names of @elf/machine/node.
export { createNodeHost, type NodeHostOptions } from '@elf/kernel/node';
