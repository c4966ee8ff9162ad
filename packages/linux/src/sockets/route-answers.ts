// What rtnetlink answers: lists of links, addresses and routes, one of them, or an error (net/core/rtnetlink.c).
import {
  addressBytes,
  addressText,
  Errno,
  type InterfaceAddress,
  isVersion6,
  type NetworkInterface,
  type NetworkRoute,
} from '@elf/kernel';
import { AF_NAMES } from '../abi/flags/socket-flags.ts';
import { broadcastBytes, hardwareKind, interfaceFlags, QUEUE_LENGTH, Scope, scopeOf } from './interface-facts.ts';
import type { Make } from './netlink-answers.ts';
import {
  attribute,
  IFA,
  IFLA,
  message,
  NLM_F,
  RTA,
  RTM,
  type RouteRequest,
  readAttributes,
  text,
  u32,
} from './route-messages.ts';

/** What is asked: the interfaces and routes of a machine, and how it reaches an address. */
export interface RouteFacts {
  readonly port: { interfaces(): readonly NetworkInterface[]; routes(): readonly NetworkRoute[] };
  sourceFor(destination: string): string;
  routeTo(destination: string): NetworkRoute | undefined;
  isLocal(address: string): boolean;
}

const LINK_BYTES = 16;
const ROUTE_BYTES = 12;
const ADDRESS_BYTES = 8;
/** IFA_F_PERMANENT. */
const PERMANENT = 0x80;
const FOREVER = 0xffff_ffff;
const MAIN_TABLE = 254;
const LOCAL_TABLE = 255;
/** RTPROT_KERNEL and RTPROT_BOOT, RTN_UNICAST and RTN_LOCAL. */
const Protocol = { Kernel: 2, Boot: 3 } as const;
/** RTM_F_CLONED and RTCF_LOCAL. */
const CLONED = 0x200;
const LOCAL_CACHE = 0x8000_0000;
const RouteType = { Unicast: 1, Local: 2 } as const;
/** IF_OPER_UNKNOWN, IF_OPER_DOWN and IF_OPER_UP. */
const State = { Unknown: 0, Down: 2, Up: 6 } as const;

/** What answers a request of NETLINK_ROUTE: the messages, or a negated error. */
export function answerRoute(facts: RouteFacts, request: RouteRequest, port: number): Make[] | number {
  const isDump = (request.flags & NLM_F.DUMP) !== 0;
  const family = request.body[0] ?? 0;
  const interfaces = facts.port.interfaces();
  switch (request.type) {
    case RTM.GETLINK: {
      if (isDump) return interfaces.map((each) => (flags) => linkMessage(each, flags, request, port));
      const found = askedLink(interfaces, request);
      return found === undefined ? -Errno.ENODEV : [(flags) => linkMessage(found, flags, request, port)];
    }
    case RTM.GETADDR: {
      if (!isDump) return -Errno.EOPNOTSUPP;
      const versions = family === AF_NAMES.AF_INET ? [4] : family === AF_NAMES.AF_INET6 ? [6] : [4, 6];
      const index = request.body.length >= ADDRESS_BYTES ? readU32(request.body, 4) : 0;
      const asked = interfaces.filter((each) => index === 0 || each.index === index);
      return versions.flatMap((version) =>
        asked.flatMap((each) =>
          each.addresses
            .filter(({ address }) => isVersion6(address) === (version === 6))
            .map(
              (own): Make =>
                (flags) =>
                  addressMessage(each, own, flags, request, port),
            ),
        ),
      );
    }
    case RTM.GETROUTE: {
      if (!isDump) return routeTo(facts, request, port);
      const routes = facts.port.routes();
      const isAsked = ({ destination }: NetworkRoute) =>
        family === 0 || isVersion6(destination) === (family === AF_NAMES.AF_INET6);
      return routes.filter(isAsked).map(
        (route): Make =>
          (flags) =>
            routeMessage(facts, route, flags, request, port),
      );
    }
    default:
      // Lists of what is not there are empty; nothing can be changed.
      if (request.type < RTM.NEWLINK || request.type > RTM.LAST) return -Errno.EOPNOTSUPP;
      if ((request.type & 3) !== 2) return -Errno.EPERM;
      return isDump ? [] : -Errno.EOPNOTSUPP;
  }
}

function askedLink(interfaces: readonly NetworkInterface[], { body }: RouteRequest): NetworkInterface | undefined {
  const index = body.length >= LINK_BYTES ? readU32(body, 4) : 0;
  if (index !== 0) return interfaces.find((each) => each.index === index);
  const bytes = readAttributes(body, LINK_BYTES).get(IFLA.IFNAME);
  const [name] = String.fromCharCode(...(bytes ?? [])).split('\0');
  return interfaces.find((each) => each.name === name);
}

function linkMessage(link: NetworkInterface, flags: number, request: RouteRequest, port: number): Uint8Array {
  const head = new Uint8Array(LINK_BYTES);
  const view = new DataView(head.buffer);
  view.setUint16(2, hardwareKind(link), true);
  view.setInt32(4, link.index, true);
  view.setUint32(8, interfaceFlags(link), true);
  const state = link.isLoopback ? State.Unknown : link.isUp ? State.Up : State.Down;
  return message(RTM.NEWLINK, flags, request, port, [
    head,
    attribute(IFLA.IFNAME, text(link.name)),
    attribute(IFLA.TXQLEN, u32(QUEUE_LENGTH)),
    attribute(IFLA.OPERSTATE, Uint8Array.of(state)),
    attribute(IFLA.LINKMODE, Uint8Array.of(0)),
    attribute(IFLA.MTU, u32(link.largestPacket)),
    attribute(IFLA.GROUP, u32(0)),
    attribute(IFLA.PROMISCUITY, u32(0)),
    attribute(IFLA.QDISC, text(link.isLoopback ? 'noqueue' : link.isUp ? 'pfifo_fast' : 'noop')),
    attribute(IFLA.ADDRESS, link.hardwareAddress),
    attribute(IFLA.BROADCAST, new Uint8Array(6).fill(link.isLoopback ? 0 : 255)),
  ]);
}

function addressMessage(
  link: NetworkInterface,
  own: InterfaceAddress,
  flags: number,
  request: RouteRequest,
  port: number,
): Uint8Array {
  const isSix = isVersion6(own.address);
  const head = new Uint8Array(ADDRESS_BYTES);
  head.set([isSix ? AF_NAMES.AF_INET6 : AF_NAMES.AF_INET, own.prefixBits, PERMANENT, scopeOf(own)]);
  new DataView(head.buffer).setUint32(4, link.index, true);
  const bytes = addressBytes(own.address);
  const versionFour = [attribute(IFA.LOCAL, bytes)];
  if (!link.isLoopback && own.prefixBits < 31) versionFour.push(attribute(IFA.BROADCAST, broadcastBytes(own)));
  versionFour.push(attribute(IFA.LABEL, text(link.name)));
  return message(RTM.NEWADDR, flags, request, port, [
    head,
    attribute(IFA.ADDRESS, bytes),
    ...(isSix ? [] : versionFour),
    attribute(IFA.FLAGS, u32(PERMANENT)),
    attribute(IFA.CACHEINFO, u32(FOREVER, FOREVER, 0, 0)),
  ]);
}

function routeMessage(
  facts: RouteFacts,
  route: NetworkRoute,
  flags: number,
  request: RouteRequest,
  port: number,
): Uint8Array {
  const isSix = isVersion6(route.destination);
  const scope = route.gateway === undefined && !isSix ? Scope.Link : Scope.Global;
  const protocol = route.gateway === undefined ? Protocol.Kernel : Protocol.Boot;
  const isOwnNetwork = route.gateway === undefined && !isSix;
  return message(RTM.NEWROUTE, flags, request, port, [
    routeHead(isSix, route.prefixBits, MAIN_TABLE, protocol, scope, RouteType.Unicast),
    attribute(RTA.TABLE, u32(MAIN_TABLE)),
    ...(route.prefixBits === 0 ? [] : [attribute(RTA.DST, addressBytes(route.destination))]),
    ...(isOwnNetwork ? [attribute(RTA.PREFSRC, addressBytes(facts.sourceFor(route.destination)))] : []),
    ...(route.gateway === undefined ? [] : [attribute(RTA.GATEWAY, addressBytes(route.gateway))]),
    attribute(RTA.OIF, u32(route.interfaceIndex)),
  ]);
}

/** One route: how an address is reached. */
function routeTo(facts: RouteFacts, request: RouteRequest, port: number): Make[] | number {
  const wanted = readAttributes(request.body, ROUTE_BYTES).get(RTA.DST);
  if (wanted === undefined || (wanted.length !== 4 && wanted.length !== 16)) return -Errno.EINVAL;
  const destination = addressText(wanted);
  const isLocal = facts.isLocal(destination);
  const source = facts.sourceFor(destination);
  const link = facts.port
    .interfaces()
    .find((each) => (isLocal ? each.isLoopback : each.addresses.some((own) => own.address === source)));
  if (link === undefined || (!isLocal && link.isLoopback)) return -Errno.ENETUNREACH;
  const gateway = isLocal ? undefined : facts.routeTo(destination)?.gateway;
  const table = isLocal ? LOCAL_TABLE : MAIN_TABLE;
  const isSix = isVersion6(destination);
  const type = isLocal ? RouteType.Local : RouteType.Unicast;
  const head = routeHead(isSix, wanted.length * 8, table, 0, Scope.Global, type);
  // Made for this question: it is in no table.
  new DataView(head.buffer).setUint32(8, CLONED | (isLocal ? LOCAL_CACHE : 0), true);
  return [
    (flags) =>
      message(RTM.NEWROUTE, flags, request, port, [
        head,
        attribute(RTA.TABLE, u32(table)),
        attribute(RTA.DST, wanted),
        attribute(RTA.OIF, u32(link.index)),
        attribute(RTA.PREFSRC, addressBytes(source)),
        ...(gateway === undefined ? [] : [attribute(RTA.GATEWAY, addressBytes(gateway))]),
        attribute(RTA.UID, u32(0)),
        attribute(RTA.CACHEINFO, new Uint8Array(32)),
      ]),
  ];
}

function routeHead(isSix: boolean, prefixBits: number, ...rest: readonly number[]): Uint8Array {
  const head = new Uint8Array(ROUTE_BYTES);
  head.set([isSix ? AF_NAMES.AF_INET6 : AF_NAMES.AF_INET, prefixBits, 0, 0, ...rest]);
  return head;
}

function readU32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}
