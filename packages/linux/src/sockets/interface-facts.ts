// What Linux says about network interfaces, wherever it says it: flags, kinds and address parts (man 7 netdevice).
import { addressBytes, type InterfaceAddress, isVersion6, type NetworkInterface } from '@elf/kernel';

const { UP, BROADCAST, LOOPBACK, RUNNING, MULTICAST, LOWER_UP } = {
  UP: 1,
  BROADCAST: 2,
  LOOPBACK: 8,
  RUNNING: 0x40,
  MULTICAST: 0x1000, // not a page size: IFF_MULTICAST
  LOWER_UP: 0x1_0000,
} as const;
/** What ioctl and rtnetlink show of the flags: 16 and 32 bits. */
export const SHORT_FLAGS = 0xffff;
/** ARPHRD_ETHER and ARPHRD_LOOPBACK. */
const ETHERNET = 1;
const LOOPBACK_HARDWARE = 772;
/** DEFAULT_TX_QUEUE_LEN. */
export const QUEUE_LENGTH = 1000;
/** RT_SCOPE_. */
export const Scope = { Global: 0, Link: 253, Host: 254 } as const;

export function interfaceFlags({ isLoopback, isUp }: NetworkInterface): number {
  const live = isUp ? UP | RUNNING | LOWER_UP : 0;
  return live | (isLoopback ? LOOPBACK : BROADCAST | MULTICAST);
}

export function hardwareKind({ isLoopback }: NetworkInterface): number {
  return isLoopback ? LOOPBACK_HARDWARE : ETHERNET;
}

/** How far an address reaches. */
export function scopeOf({ address }: InterfaceAddress): number {
  if (address === '::1' || address.startsWith('127.')) return Scope.Host;
  return address.startsWith('fe80') ? Scope.Link : Scope.Global;
}

/** The mask of a version 4 address. */
export function maskBytes({ prefixBits }: InterfaceAddress): Uint8Array {
  return Uint8Array.from({ length: 4 }, (_, index) => 255 & ~(255 >> Math.max(0, Math.min(8, prefixBits - index * 8))));
}

/** The address with all host bits set, or with none. */
export function broadcastBytes(own: InterfaceAddress): Uint8Array {
  const mask = maskBytes(own);
  return addressBytes(own.address).map((byte, index) => byte | (255 & ~mask[index]));
}

/** The first version 4 address. */
export function versionFourOf({ addresses }: NetworkInterface): InterfaceAddress | undefined {
  return addresses.find(({ address }) => !isVersion6(address));
}
