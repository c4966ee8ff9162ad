// Messages of rtnetlink: headers, attributes and the structures before them (include/uapi/linux/netlink.h, rtnetlink.h).

export const NLMSG_HEADER_BYTES = 16;
export const NLMSG = { ERROR: 2, DONE: 3 } as const;
export const NLM_F = { REQUEST: 1, MULTI: 2, ACK: 4, DUMP: 0x300 } as const;
// biome-ignore format: a table
export const RTM = {
  NEWLINK: 16, GETLINK: 18, NEWADDR: 20, GETADDR: 22, NEWROUTE: 24, GETROUTE: 26, GETNEIGH: 30, GETRULE: 34, GETQDISC: 38, LAST: 127,
} as const;
// biome-ignore format: a table
export const IFLA = {
  ADDRESS: 1, BROADCAST: 2, IFNAME: 3, MTU: 4, QDISC: 6, TXQLEN: 13, OPERSTATE: 16, LINKMODE: 17, GROUP: 27, PROMISCUITY: 30,
} as const;
export const IFA = { ADDRESS: 1, LOCAL: 2, LABEL: 3, BROADCAST: 4, CACHEINFO: 6, FLAGS: 8 } as const;
export const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PREFSRC: 7, CACHEINFO: 12, TABLE: 15, UID: 25 } as const;

/** A request as read. */
export interface RouteRequest {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** The whole message, its header too. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
}

/** The requests in what was sent; what is cut off ends them. */
export function readRequests(bytes: Uint8Array): RouteRequest[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const requests: RouteRequest[] = [];
  for (let at = 0; at + NLMSG_HEADER_BYTES <= bytes.length; ) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HEADER_BYTES || at + length > bytes.length) break;
    const message = bytes.subarray(at, at + length);
    const [type, flags] = [view.getUint16(at + 4, true), view.getUint16(at + 6, true)];
    const body = message.subarray(NLMSG_HEADER_BYTES);
    requests.push({ type, flags, sequence: view.getUint32(at + 8, true), bytes: message, body });
    at += align(length);
  }
  return requests;
}

/** The attributes behind a structure of `start` bytes. */
export function readAttributes(body: Uint8Array, start: number): Map<number, Uint8Array> {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const attributes = new Map<number, Uint8Array>();
  for (let at = start; at + 4 <= body.length; ) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > body.length) break;
    attributes.set(view.getUint16(at + 2, true), body.subarray(at + 4, at + length));
    at += align(length);
  }
  return attributes;
}

/** A whole message with its header. */
export function message(
  type: number,
  flags: number,
  { sequence }: RouteRequest,
  port: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const length = parts.reduce((sum, part) => sum + align(part.length), NLMSG_HEADER_BYTES);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  view.setUint32(12, port, true);
  let at = NLMSG_HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += align(part.length);
  }
  return bytes;
}

/** One attribute: its length, its type, its value. */
export function attribute(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + value.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, bytes.length, true);
  view.setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
}

export function u32(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

export function text(value: string): Uint8Array {
  return Uint8Array.from(`${value}\0`, (each) => each.charCodeAt(0));
}

function align(length: number): number {
  return (length + 3) & ~3;
}
