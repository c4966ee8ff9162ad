// Control messages that tell about a datagram: where it was sent to, and when it came (man 7 ip, IP_PKTINFO).
import { addressBytes, DatagramSocket, type Received, type Socket, type Thread } from '@elf/kernel';
import { IP_NAMES, IPV6_NAMES, SO_NAMES, SOL_NAMES } from '../abi/flags/socket-flags.ts';
import type { ControlMessage } from './control-messages.ts';
import { optionValue } from './option-values.ts';

const LOOPBACK_INDEX = 1;
/** struct in_pktinfo and in6_pktinfo. */
const PACKET_4_BYTES = 12;
const PACKET_6_BYTES = 20;

/** What the socket's options ask for about what was received. */
export function datagramControl(task: Thread, socket: Socket, { to, isMessage }: Received): ControlMessage[] {
  if (!(socket instanceof DatagramSocket) || !isMessage) return [];
  const messages: ControlMessage[] = [];
  const wants = (level: number, name: number) => optionValue(socket, level, name) === 1;
  if (wants(SOL_NAMES.SOL_SOCKET, SO_NAMES.SO_TIMESTAMP)) {
    const now = task.host.clock.realtime();
    const body = new Uint8Array(2 * task.wordBytes);
    const view = new DataView(body.buffer);
    view.setUint32(0, Number(now / 1_000_000_000n), true);
    view.setUint32(task.wordBytes, Number((now / 1000n) % 1_000_000n), true);
    messages.push({ level: SOL_NAMES.SOL_SOCKET, type: SO_NAMES.SO_TIMESTAMP, body });
  }
  if (to === undefined) return messages;
  const index = interfaceOf(socket, to.address);
  if (socket.version === 4 && wants(SOL_NAMES.SOL_IP, IP_NAMES.IP_PKTINFO)) {
    const body = new Uint8Array(PACKET_4_BYTES);
    new DataView(body.buffer).setInt32(0, index, true);
    body.set(addressBytes(to.address), 4);
    body.set(addressBytes(to.address), 8);
    messages.push({ level: SOL_NAMES.SOL_IP, type: IP_NAMES.IP_PKTINFO, body });
  }
  if (socket.version === 6 && wants(SOL_NAMES.SOL_IPV6, IPV6_NAMES.IPV6_RECVPKTINFO)) {
    const body = new Uint8Array(PACKET_6_BYTES);
    body.set(addressBytes(to.address, 6));
    new DataView(body.buffer).setInt32(16, index, true);
    messages.push({ level: SOL_NAMES.SOL_IPV6, type: IPV6_NAMES.IPV6_PKTINFO, body });
  }
  return messages;
}

function interfaceOf(socket: DatagramSocket, address: string): number {
  const interfaces = socket.network.port.interfaces();
  return interfaces.find((each) => each.addresses.some((own) => own.address === address))?.index ?? LOOPBACK_INDEX;
}
