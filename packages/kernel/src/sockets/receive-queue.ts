// What arrived at a socket and was not received yet: a stream of bytes or a row of messages.
import type { OpenDescription } from '../files/open-description.ts';
import type { InFlight } from './in-flight.ts';
import type { Received, ReceiveRequest, SenderIdentity, SocketMessage } from './socket-message.ts';

/** sizeof(struct sk_buff) and sizeof(struct skb_shared_info) with their alignment. */
const HEAD_BYTES = 256;
const TRAILER_BYTES = 320;

/** Messages in order. Bytes of a stream are merged as far as their sender and their descriptors allow (net/unix/af_unix.c). */
export class ReceiveQueue {
  readonly #messages: SocketMessage[] = [];
  readonly #inFlight: InFlight | undefined;
  #bytes = 0;
  #charge = 0;

  /** `inFlight` keeps account of the descriptors in the queue. */
  constructor(inFlight?: InFlight) {
    this.#inFlight = inFlight;
  }

  /** Descriptors that wait with their messages. */
  get carried(): readonly OpenDescription[] {
    return this.#messages.flatMap((message) => message.descriptions);
  }

  get isEmpty(): boolean {
    return this.#messages.length === 0;
  }

  get count(): number {
    return this.#messages.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What the messages cost their sender's buffer: their heads count too. */
  get charge(): number {
    return this.#charge;
  }

  /** Length of the next message. */
  get nextLength(): number {
    return this.#messages[0]?.bytes.length ?? 0;
  }

  add(message: SocketMessage): void {
    this.#messages.push(message);
    if (message.descriptions.length > 0) this.#inFlight?.enter(message.descriptions);
    this.#bytes += message.bytes.length;
    this.#charge += chargeOf(message.bytes.length);
  }

  /** The next message; what does not fit is cut off for good. */
  takeMessage({ maximum, peek }: ReceiveRequest): Received | undefined {
    const [message] = this.#messages;
    if (message === undefined) return undefined;
    const { bytes, sender, from, to } = message;
    const descriptions = peek ? message.descriptions.map((each) => each.retain()) : message.descriptions;
    if (!peek) {
      this.#inFlight?.leave(descriptions);
      this.#drop();
    }
    return {
      bytes: bytes.subarray(0, maximum),
      fullLength: bytes.length,
      descriptions,
      sender,
      from,
      to,
      isMessage: true,
    };
  }

  /** Up to `maximum` bytes of a stream; `keepsSenders`: bytes of two senders are not mixed. */
  takeBytes({ maximum, peek }: ReceiveRequest, keepsSenders: boolean): Received | undefined {
    const [first] = this.#messages;
    if (first === undefined) return undefined;
    const parts: Uint8Array[] = [];
    let length = 0;
    let descriptions: Received['descriptions'] = [];
    for (const message of [...this.#messages]) {
      if (length === maximum || (keepsSenders && !isSame(message.sender, first.sender))) break;
      const part = message.bytes.subarray(0, maximum - length);
      parts.push(part);
      length += part.length;
      const { descriptions: attached } = message;
      if (peek) descriptions = attached.map((each) => each.retain());
      else {
        descriptions = attached;
        this.#inFlight?.leave(attached);
        message.descriptions = [];
        this.#charge -= chargeOf(message.bytes.length);
        message.bytes = message.bytes.subarray(part.length);
        this.#bytes -= part.length;
        if (message.bytes.length === 0) this.#messages.shift();
        else this.#charge += chargeOf(message.bytes.length);
      }
      // Descriptors belong to the bytes they came with: nothing behind them is taken along.
      if (attached.length > 0) break;
    }
    const bytes = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return { bytes, fullLength: length, descriptions, sender: first.sender, from: first.from, isMessage: true };
  }

  /** Closes what was attached to messages nobody will receive. */
  clear(): void {
    const descriptions = this.carried;
    this.#messages.length = 0;
    this.#bytes = 0;
    this.#charge = 0;
    this.#inFlight?.leave(descriptions);
    for (const each of descriptions) each.release();
  }

  #drop(): void {
    const message = this.#messages.shift();
    if (message === undefined) return;
    this.#bytes -= message.bytes.length;
    this.#charge -= chargeOf(message.bytes.length);
  }
}

/** Memory of one message: its head, its bytes with their trailer, rounded up as the allocator does (SKB_TRUESIZE). */
export function chargeOf(length: number): number {
  return HEAD_BYTES + 2 ** Math.ceil(Math.log2(length + TRAILER_BYTES));
}

function isSame(left: SenderIdentity, right: SenderIdentity): boolean {
  return left.process === right.process && left.user === right.user && left.group === right.group;
}
