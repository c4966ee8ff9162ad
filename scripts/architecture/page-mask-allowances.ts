// table: the places outside @elf/pagesize that may spell a page mask, each with its reason.

/** `path` is a prefix of the file's path. */
export const PAGE_MASK_ALLOWANCES: readonly { readonly path: string; readonly reason: string }[] = [
  { path: 'packages/pagesize/', reason: 'the one home of masks and roundings' },
  { path: 'packages/mm/src/tlb/', reason: 'the TLB layout is data that both engines inline into emitted WebAssembly' },
  { path: 'packages/x86/src/uop/', reason: 'micro-operation rows hold the emitted tag comparison as constants' },
  { path: 'packages/x86/src/engine/', reason: 'emitted WebAssembly takes its masks as immediate operands' },
  { path: 'packages/parse/src/text.ts', reason: 'UTF-8 and UTF-16 have 12-bit fields and chunks of 4,096 characters' },
];
