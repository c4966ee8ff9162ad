// table: the places outside @elf/pagesize that may spell a page mask, each with its reason.

/** `path` is a prefix of the file's path. */
export const PAGE_MASK_ALLOWANCES: readonly { readonly path: string; readonly reason: string }[] = [
  { path: 'packages/pagesize/', reason: 'the one home of masks and roundings' },
  { path: 'packages/mm/src/tlb/', reason: 'the TLB layout is data that both engines inline into emitted WebAssembly' },
  { path: 'packages/x86/src/uop/', reason: 'micro-operation rows hold the emitted tag comparison as constants' },
  { path: 'packages/x86/src/engine/', reason: 'emitted WebAssembly takes its masks as immediate operands' },
  { path: 'packages/x86/src/isa/x87/arithmetic.ts', reason: 'bit 12 of a helper selector' },
  { path: 'packages/parse/src/text.ts', reason: 'UTF-8 and UTF-16 have 12-bit fields and chunks of 4,096 characters' },
  { path: 'packages/parse/src/formats/elf/gnu-hash.ts', reason: 'the hash function shifts by 12' },
  { path: 'packages/parse/src/formats/elf/interpreter.ts', reason: 'PATH_MAX' },
  { path: 'packages/parse/src/host/node/file-source.ts', reason: 'a read-ahead buffer' },
  { path: 'packages/parse/src/interp.ts', reason: 'a read buffer' },
  { path: 'packages/kernel/src/argument-kinds.ts', reason: 'PATH_MAX' },
  { path: 'packages/kernel/src/byte-string.ts', reason: 'UTF-8 has 12-bit fields' },
  { path: 'packages/kernel/src/files/file-status.ts', reason: 'device numbers have 12-bit majors; st_blksize' },
  { path: 'packages/kernel/src/files/memory-node.ts', reason: 'st_blksize' },
  { path: 'packages/kernel/src/files/path-walk.ts', reason: 'PATH_MAX' },
  { path: 'packages/kernel/src/files/pipe.ts', reason: 'PIPE_BUF' },
  { path: 'packages/kernel/src/host/node/node-stream.ts', reason: 'a read-ahead buffer' },
  { path: 'packages/kernel/src/trace.ts', reason: 'MAX_ERRNO is 4095' },
  {
    path: 'packages/linux/src/calls/directories.ts',
    reason: 'd_type is the file type of st_mode, which starts at bit 12',
  },
  { path: 'packages/linux/src/calls/life.ts', reason: 'the largest argument of clone3 that Linux takes' },
  { path: 'packages/linux/src/calls/stat.ts', reason: 'block sizes of statfs' },
  { path: 'packages/linux/src/calls/threads.ts', reason: 'a bound on a table' },
  { path: 'packages/linux/src/proc/proc-files.ts', reason: 'statm and stat count in 4 KiB units by their ABI' },
  { path: 'packages/machine/src/executable-files.ts', reason: 'device numbers have 12-bit majors' },
];
