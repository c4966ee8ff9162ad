// Network interfaces and routes of the computer Node runs on.
import { readdirSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { addressBytes, addressText, isVersion6 } from '../../sockets/endpoint.ts';
import type { InterfaceAddress, NetworkInterface, NetworkRoute } from '../sockets-port.ts';

/** How long an answer stays good: programs ask many times in a row. */
const FRESH_MILLISECONDS = 1000;
const SYSTEM_LINKS = '/sys/class/net';
/** RTF_UP and RTF_GATEWAY. */
const ROUTE_UP = 1;
const ROUTE_GATEWAY = 2;
/** What an Ethernet carries, where the system does not say. */
const USUAL_PACKET_BYTES = 1500;
const LOOPBACK_PACKET_BYTES = 65_536;

/** Answers that are looked up again after a while. */
export function interfaceLists(): { interfaces(): readonly NetworkInterface[]; routes(): readonly NetworkRoute[] } {
  const interfaces = remembered(readInterfaces);
  return { interfaces, routes: remembered(() => readRoutes(interfaces())) };
}

function remembered<Value>(read: () => Value): () => Value {
  let known: Value | undefined;
  let readAt = Number.NEGATIVE_INFINITY;
  return () => {
    const now = performance.now();
    if (known === undefined || now - readAt > FRESH_MILLISECONDS) {
      known = read();
      readAt = now;
    }
    return known;
  };
}

function readInterfaces(): NetworkInterface[] {
  const found = networkInterfaces();
  const names = linkNames() ?? Object.keys(found);
  const list = names.map((name, order): NetworkInterface => {
    const own = found[name] ?? [];
    const [first] = own;
    const isLoopback = first?.internal ?? name === 'lo';
    const addresses = own.map(
      ({ address, cidr }): InterfaceAddress => ({
        address: addressText(addressBytes(address)),
        prefixBits: Number(cidr?.split('/')[1] ?? 0),
      }),
    );
    const index = Number(fact(name, 'ifindex') ?? order + 1);
    const flags = Number(fact(name, 'flags') ?? (own.length > 0 ? 1 : 0));
    const hardware = fact(name, 'address') ?? first?.mac ?? '';
    return {
      name,
      index,
      isLoopback,
      hardwareAddress: Uint8Array.from({ length: 6 }, (_, at) => Number.parseInt(hardware.split(':')[at] ?? '0', 16)),
      isUp: (flags & 1) !== 0,
      largestPacket: Number(fact(name, 'mtu') ?? (isLoopback ? LOOPBACK_PACKET_BYTES : USUAL_PACKET_BYTES)),
      addresses,
    };
  });
  return list.sort((left, right) => left.index - right.index);
}

function linkNames(): string[] | undefined {
  try {
    return readdirSync(SYSTEM_LINKS).filter((name) => fact(name, 'ifindex') !== undefined);
  } catch {
    return undefined;
  }
}

/** A file of /sys/class/net on Linux. */
function fact(name: string, file: string): string | undefined {
  try {
    return readFileSync(`${SYSTEM_LINKS}/${name}/${file}`, 'latin1').trim();
  } catch {
    return undefined;
  }
}

function readRoutes(interfaces: readonly NetworkInterface[]): NetworkRoute[] {
  const indexOf = (name: string) => interfaces.find((each) => each.name === name)?.index;
  const four = tableRows('/proc/net/route')?.slice(1);
  const six = tableRows('/proc/net/ipv6_route');
  if (four === undefined) return guessedRoutes(interfaces);
  const routes: NetworkRoute[] = [];
  for (const [name, destination, gateway, flags, , , , mask] of four) {
    const interfaceIndex = indexOf(name);
    const bits = Number.parseInt(flags, 16);
    if (interfaceIndex === undefined || (bits & ROUTE_UP) === 0) continue;
    const prefixBits = [...Number.parseInt(mask, 16).toString(2)].filter((bit) => bit === '1').length;
    const route = { interfaceIndex, destination: littleEndian(destination), prefixBits };
    routes.push((bits & ROUTE_GATEWAY) === 0 ? route : { ...route, gateway: littleEndian(gateway) });
  }
  for (const [destination, prefix, , , gateway, , , , flags, name] of six ?? []) {
    const interfaceIndex = indexOf(name);
    const bits = Number.parseInt(flags, 16);
    const text = wholeAddress(destination);
    // Those of the loopback and of multicast are not in the main table.
    if (interfaceIndex === undefined || (bits & ROUTE_UP) === 0 || name === 'lo' || text.startsWith('ff')) continue;
    const route = { interfaceIndex, destination: text, prefixBits: Number.parseInt(prefix, 16) };
    if (route.prefixBits === 128) continue;
    routes.push((bits & ROUTE_GATEWAY) === 0 ? route : { ...route, gateway: wholeAddress(gateway) });
  }
  return routes;
}

/** Elsewhere than on Linux: each interface reaches its own networks, the first one with an address everything else. */
function guessedRoutes(interfaces: readonly NetworkInterface[]): NetworkRoute[] {
  const outer = interfaces.filter((each) => !each.isLoopback && each.addresses.length > 0);
  const own = outer.flatMap((each) =>
    each.addresses.map(({ address, prefixBits }) => ({ interfaceIndex: each.index, destination: address, prefixBits })),
  );
  const general = (wildcard: string) => {
    const isSix = isVersion6(wildcard);
    const first = outer.find((each) => each.addresses.some(({ address }) => isVersion6(address) === isSix));
    return first === undefined ? [] : [{ interfaceIndex: first.index, destination: wildcard, prefixBits: 0 }];
  };
  return [...general('0.0.0.0'), ...own, ...general('::')];
}

function tableRows(path: string): string[][] | undefined {
  try {
    const lines = readFileSync(path, 'latin1').split('\n');
    return lines.filter((line) => line.trim() !== '').map((line) => line.trim().split(/\s+/));
  } catch {
    return undefined;
  }
}

/** "0100007F" is 127.0.0.1. */
function littleEndian(hex: string): string {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.');
}

function wholeAddress(hex: string): string {
  return addressText(Uint8Array.from({ length: 16 }, (_, at) => Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16)));
}
