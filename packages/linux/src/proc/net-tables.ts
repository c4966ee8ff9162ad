// /proc/net: sockets, interfaces and routes as text (man 5 proc_pid_net; net/ipv4/tcp_ipv4.c, net/ipv4/udp.c, net/unix/af_unix.c).
import {
  addressBytes,
  DatagramSocket,
  type Endpoint,
  type InternetSocket,
  isVersion6,
  type Kernel,
  type LocalSocket,
  type NetworkInterface,
  StreamSocket,
  WILDCARD_ADDRESSES,
} from '@elf/kernel';
import { maskBytes, scopeOf } from '../sockets/interface-facts.ts';
import { localSockets } from '../sockets/local-sockets.ts';
import { TcpState, tcpState } from '../sockets/tcp-state.ts';

const TCP_TITLE = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const UDP_TITLE =
  '   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops';
/** Where the titles of version 6 differ: its addresses are wider. */
const SIX_TITLE = '  sl  local_address                         remote_address                        st ';
/** Lines of the tables for version 4 are filled up to a width. */
const TCP_WIDTH = 149;
const UDP_WIDTH = 127;
const ROUTE_WIDTH = 127;
/** IFA_F_PERMANENT, and RTF_UP with RTF_GATEWAY. */
const PERMANENT = 0x80;
const ROUTE_FLAGS = { up: 1, gateway: 2 } as const;
const SCOPE_NAMES: Readonly<Record<number, number>> = { 0: 0, 253: 0x20, 254: 0x10 };

/** Files below /proc/net by name. */
export const NET_FILES: Readonly<Record<string, (kernel: Kernel) => string>> = {
  'net/tcp': (kernel) => tcpText(kernel, 4),
  'net/tcp6': (kernel) => tcpText(kernel, 6),
  'net/udp': (kernel) => udpText(kernel, 4),
  'net/udp6': (kernel) => udpText(kernel, 6),
  'net/unix': unixText,
  'net/dev': deviceText,
  'net/if_inet6': addressText,
  'net/route': routeText,
  'net/ipv6_route': () => '',
  'net/arp': () => 'IP address       HW type     Flags       HW address            Mask     Device\n',
  'net/raw': () => `${UDP_TITLE.replace('   sl', '  sl').padEnd(UDP_WIDTH)}\n`,
  'net/packet': () => 'sk       RefCnt Type Proto  Iface R Rmem   User   Inode\n',
  'net/sockstat': statisticsText,
};

/** Settings of the network that programs ask for, below /proc/sys. */
export const NET_SETTINGS: Readonly<Record<string, (kernel: Kernel) => string>> = {
  'sys/net/core/somaxconn': () => '4096\n',
  'sys/net/core/rmem_max': () => '212992\n',
  'sys/net/core/wmem_max': () => '212992\n',
  'sys/net/core/rmem_default': () => '212992\n',
  'sys/net/core/wmem_default': () => '212992\n',
  'sys/net/ipv4/ip_local_port_range': () => '32768\t60999\n',
  'sys/net/ipv4/ip_unprivileged_port_start': () => '1024\n',
  'sys/net/ipv4/tcp_rmem': () => '4096\t131072\t6291456\n',
  'sys/net/ipv4/tcp_wmem': () => '4096\t16384\t4194304\n',
  'sys/net/ipv4/tcp_fastopen': () => '0\n',
  'sys/net/ipv4/tcp_syn_retries': () => '6\n',
  'sys/net/ipv4/tcp_keepalive_time': () => '7200\n',
  'sys/net/ipv4/tcp_keepalive_intvl': () => '75\n',
  'sys/net/ipv4/tcp_keepalive_probes': () => '9\n',
  'sys/net/ipv4/tcp_max_syn_backlog': () => '4096\n',
  'sys/net/ipv4/tcp_congestion_control': () => 'cubic\n',
  'sys/net/ipv4/tcp_available_congestion_control': () => 'reno cubic\n',
  'sys/net/ipv4/ip_forward': () => '0\n',
  'sys/net/ipv4/ping_group_range': () => '1\t0\n',
  'sys/net/ipv6/bindv6only': () => '0\n',
  'sys/net/ipv6/conf/all/disable_ipv6': () => '0\n',
  'sys/net/unix/max_dgram_qlen': () => '10\n',
};

function socketsOf<Kind extends InternetSocket>(
  { internet }: Kernel,
  version: number,
  isKind: (socket: InternetSocket) => socket is Kind,
): Kind[] {
  return [...internet.network.sockets].filter(isKind).filter((socket) => socket.version === version);
}

function tcpText(kernel: Kernel, version: 4 | 6): string {
  const isStream = (socket: InternetSocket): socket is StreamSocket => socket instanceof StreamSocket;
  const shown = socketsOf(kernel, version, isStream).filter((socket) => tcpState(socket) !== TcpState.Close);
  // Those who listen come first, as in the kernel's tables.
  const sorted = [...shown.filter((each) => each.isListening), ...shown.filter((each) => !each.isListening)];
  const lines = sorted.map((socket, index) => {
    const waiting = socket.isListening ? socket.waiting : socket.available;
    return `${head(socket, index, 4, tcpState(socket), socket.unsent, waiting)} 1 0000000000000000 100 0 0 10 0`;
  });
  return version === 4 ? table(TCP_TITLE, lines, TCP_WIDTH) : table(titleOfSix(TCP_TITLE), lines, 0);
}

function udpText(kernel: Kernel, version: 4 | 6): string {
  const isDatagram = (socket: InternetSocket): socket is DatagramSocket => socket instanceof DatagramSocket;
  const shown = socketsOf(kernel, version, isDatagram).filter((socket) => socket.local !== undefined);
  const lines = shown.map((socket, index) => {
    const state = socket.remote === undefined ? TcpState.Close : TcpState.Established;
    return `${head(socket, index, 5, state, 0, socket.charge)} 2 0000000000000000 ${socket.dropped}`;
  });
  return version === 4 ? table(UDP_TITLE, lines, UDP_WIDTH) : table(titleOfSix(UDP_TITLE), lines, 0);
}

function titleOfSix(title: string): string {
  return SIX_TITLE + title.slice(title.indexOf('tx_queue'));
}

/** Number, both sides, state, queues, owner and inode. */
function head(
  socket: InternetSocket,
  index: number,
  width: number,
  state: number,
  unsent: number,
  waiting: number,
): string {
  const none = { address: WILDCARD_ADDRESSES[socket.version], port: 0 };
  const sides = `${endpointText(socket.localName, socket.version)} ${endpointText(socket.remote ?? none, socket.version)}`;
  const queues = `${hex(unsent, 8)}:${hex(waiting, 8)} 00:00000000 00000000`;
  const owner = `${String(socket.user).padStart(5)} ${'0'.padStart(8)} ${socket.inode}`;
  return `${String(index).padStart(width)}: ${sides} ${hex(state, 2)} ${queues} ${owner}`;
}

/** Words of the address as this kind of processor reads them, and the port. */
function endpointText({ address, port }: Endpoint, version: 4 | 6): string {
  const isNone = version === 6 && address === WILDCARD_ADDRESSES[4];
  const bytes = isNone ? new Uint8Array(16) : addressBytes(address, version);
  return `${wordsText(bytes)}:${hex(port, 4)}`;
}

function wordsText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, word) => hex(view.getUint32(word * 4, true), 8)).join('');
}

function unixText(kernel: Kernel): string {
  const lines = [...localSockets(kernel)].map(unixLine);
  return ['Num       RefCount Protocol Flags    Type St Inode Path', ...lines, ''].join('\n');
}

function unixLine(socket: LocalSocket): string {
  const types = { stream: 1, datagram: 2, sequenced: 5 } as const;
  // SO_ACCEPTCON; SS_CONNECTED or SS_UNCONNECTED.
  const flags = socket.isListening ? 0x1_0000 : 0;
  const state = typeof socket.peerName() === 'string' ? 3 : 1;
  const { name } = socket;
  const path = name === '' ? '' : ` ${name.startsWith('\0') ? `@${name.slice(1)}` : name}`;
  const inode = String(socket.inode).padStart(5);
  return `0000000000000000: 00000002 00000000 ${hex(flags, 8)} ${hex(types[socket.kind], 4)} ${hex(state, 2)} ${inode}${path}`;
}

/** Counts of packets are not kept. */
function deviceText(kernel: Kernel): string {
  const zeros =
    '       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0';
  return [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    ...interfacesOf(kernel).map(({ name }) => `${name.padStart(6)}:${zeros}`),
    '',
  ].join('\n');
}

function addressText(kernel: Kernel): string {
  return interfacesOf(kernel)
    .flatMap((link) =>
      link.addresses
        .filter(({ address }) => isVersion6(address))
        .map((own) => {
          const digits = [...addressBytes(own.address)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
          const facts = [link.index, own.prefixBits, SCOPE_NAMES[scopeOf(own)] ?? 0, PERMANENT];
          const numbers = facts.map((each) => each.toString(16).padStart(2, '0')).join(' ');
          return `${digits} ${numbers} ${link.name.padStart(8)}\n`;
        }),
    )
    .join('');
}

function routeText(kernel: Kernel): string {
  const title = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';
  const { port } = kernel.internet.network;
  const lines = port
    .routes()
    .filter(({ destination }) => !isVersion6(destination))
    .map(({ destination, prefixBits, gateway, interfaceIndex }) => {
      const name = port.interfaces().find((each) => each.index === interfaceIndex)?.name ?? '*';
      const flags = ROUTE_FLAGS.up | (gateway === undefined ? 0 : ROUTE_FLAGS.gateway);
      const mask = wordsText(maskBytes({ address: destination, prefixBits }));
      const to = [destination, gateway ?? WILDCARD_ADDRESSES[4]].map((each) => wordsText(addressBytes(each)));
      return [name, ...to, hex(flags, 4), 0, 0, 0, mask, 0, 0, 0].join('\t');
    });
  return table(title, lines, ROUTE_WIDTH);
}

function statisticsText({ internet }: Kernel): string {
  const all = [...internet.network.sockets];
  const streams = all.filter((each) => each instanceof StreamSocket && each.version === 4).length;
  const datagrams = all.filter((each) => each instanceof DatagramSocket && each.version === 4).length;
  return `sockets: used ${all.length}\nTCP: inuse ${streams} orphan 0 tw 0 alloc ${streams} mem 0\nUDP: inuse ${datagrams} mem 0\nUDPLITE: inuse 0\nRAW: inuse 0\nFRAG: inuse 0 memory 0\n`;
}

function interfacesOf({ internet }: Kernel): readonly NetworkInterface[] {
  return internet.network.port.interfaces();
}

function table(title: string, lines: readonly string[], width: number): string {
  return [title, ...lines].map((line) => `${line.padEnd(width)}\n`).join('');
}

function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0');
}
