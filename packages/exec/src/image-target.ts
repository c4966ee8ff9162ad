// What images are mapped into: the address space, its layout, and the page size and rules of whoever maps.
import type { AddressSpace } from '@elf/mm';
import type { PagePolicy } from '@elf/pagesize';
import type { ExecRecord } from './exec-record.ts';
import type { ExecRequest } from './exec-request.ts';
import type { StartLayout } from './start-layout.ts';

/** The new address space and the rules by which program and interpreter are put into it. */
export interface ImageTarget {
  readonly space: AddressSpace;
  readonly layout: StartLayout;
  /** Granularity of mapping in bytes. */
  readonly pageBytes: number;
  /** i386 without PT_GNU_STACK: everything readable is executable (personality READ_IMPLIES_EXEC). */
  readonly readImpliesExecute: boolean;
  /** Maps in place of the kernel when it is there. */
  readonly policy?: PagePolicy;
  /** Page size of the host in bytes, for the policy. */
  readonly hostPageBytes: number;
  readonly record: ExecRecord;
  readonly request: ExecRequest;
}

/** Page size of the modelled host. */
export function hostPageBytesOf({ hostPageBytes, profile }: ExecRequest): number {
  return hostPageBytes ?? profile.hostPageBytes;
}

/** Who maps in the kernel's place; undefined when the kernel does, also as the policy that says just that. */
export function emulatorOf({ pagePolicy }: ExecRequest): PagePolicy | undefined {
  return pagePolicy?.isHostKernel ? undefined : pagePolicy;
}

/** Granularity at which the program's own mmap works: the host's page when a kernel maps, the guest's when an emulator does. */
export function mappingPageBytes(request: ExecRequest): number {
  const hostPageBytes = hostPageBytesOf(request);
  return emulatorOf(request)?.plan([], hostPageBytes).guestPageBytes ?? hostPageBytes;
}
