// What netlink answers to requests, whatever they ask for: messages, the end of a list, errors (net/netlink/af_netlink.c).
import { message, NLM_F, NLMSG, type RouteRequest, readRequests, u32 } from './route-messages.ts';

/** Programs read with buffers of a page and more; an answer that is longer would be cut. */
const LONGEST_ANSWER = 3500;

/** Makes one message of an answer. */
export type Make = (flags: number) => Uint8Array;

/** The datagrams that answer what was sent to the kernel, each made when it is asked for. */
export function* answerRequests(
  sent: Uint8Array,
  port: number,
  answerOne: (request: RouteRequest, port: number) => Make[] | number,
): Generator<Uint8Array, void> {
  for (const request of readRequests(sent)) {
    if ((request.flags & NLM_F.REQUEST) === 0) continue;
    const answer = answerOne(request, port);
    if (typeof answer === 'number') {
      yield failure(request, port, answer);
      continue;
    }
    if ((request.flags & NLM_F.DUMP) !== 0) {
      yield* packed(answer.map((make) => make(NLM_F.MULTI)));
      yield message(NLMSG.DONE, NLM_F.MULTI, request, port, [u32(0)]);
      continue;
    }
    for (const make of answer) yield make(0);
    if ((request.flags & NLM_F.ACK) !== 0) yield failure(request, port, 0);
  }
}

/** As many messages in a datagram as fit. */
function packed(messages: readonly Uint8Array[]): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let together: Uint8Array[] = [];
  let length = 0;
  const flush = () => {
    if (together.length > 0) datagrams.push(Uint8Array.from(together.flatMap((each) => [...each])));
    together = [];
    length = 0;
  };
  for (const each of messages) {
    if (length + each.length > LONGEST_ANSWER) flush();
    together.push(each);
    length += each.length;
  }
  flush();
  return datagrams;
}

/** struct nlmsgerr; 0 acknowledges. */
function failure(request: RouteRequest, port: number, error: number): Uint8Array {
  const echoed = error === 0 ? request.bytes.subarray(0, 16) : request.bytes;
  return message(NLMSG.ERROR, 0, request, port, [Uint8Array.from([...u32(error), ...echoed])]);
}
