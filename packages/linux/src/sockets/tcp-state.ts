// States of TCP as /proc/net/tcp and TCP_INFO number them (include/net/tcp_states.h).
import { Shutdown, type StreamSocket } from '@elf/kernel';

export const TcpState = { Established: 1, SynSent: 2, FinWait2: 5, Close: 7, CloseWait: 8, Listen: 10 } as const;

/** The state Linux would have this socket in. */
export function tcpState(socket: StreamSocket): number {
  switch (socket.state) {
    case 'listening':
      return TcpState.Listen;
    case 'connecting':
      return TcpState.SynSent;
    case 'closed':
      return TcpState.Close;
    default: {
      const hasEnded = (socket.shut & Shutdown.Send) !== 0;
      if (socket.hasArrivedEnd) return hasEnded ? TcpState.Close : TcpState.CloseWait;
      return hasEnded ? TcpState.FinWait2 : TcpState.Established;
    }
  }
}
