// Public names of @elf/kernel/node.
export { nodeClock } from './host/node/node-clock.ts';
export { nodeDirectory } from './host/node/node-directory.ts';
export { createNodeHost, type NodeHostOptions } from './host/node/node-host.ts';
export { nodeSockets } from './host/node/node-sockets.ts';
export { nodeStream } from './host/node/node-stream.ts';
export { nodeVirtualClock } from './host/node/node-virtual-clock.ts';
