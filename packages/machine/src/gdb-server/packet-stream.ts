// Framing of GDB's remote protocol: packets in and out of a stream of bytes, checksums, acknowledgements, escapes, the interrupt byte.
// GDB manual, appendix E.1 (Overview) and E.9 (Packet Acknowledgment).
import { fromBytes, toBytes } from '@elf/kernel';

const DOLLAR = 0x24;
const HASH = 0x23;
const ESCAPE = 0x7d;
const STAR = 0x2a;
const PLUS = 0x2b;
const MINUS = 0x2d;
const INTERRUPT = 3;
/** What stands behind an escape byte is changed by this. */
const ESCAPE_BIT = 0x20;
/** A line that never ends must not take all memory. */
const LONGEST_PACKET = 1 << 20;

/** Who gets what was received. */
export interface PacketReceiver {
  /** The content of a packet as a byte string, escapes undone. */
  packet(content: string): void;
  /** Ctrl-C. */
  interrupt(): void;
}

/**
 * One connection's two directions.
 * @example
 * const stream = new PacketStream((bytes) => socket.write(bytes), receiver);
 * socket.on('data', (bytes) => stream.receive(bytes));
 * stream.send('OK');   // writes $OK#9a
 */
export class PacketStream {
  readonly #write: (bytes: Uint8Array) => void;
  readonly #receiver: PacketReceiver;
  /** Bytes of a packet whose end has not come; undefined between packets. */
  #content: number[] | undefined;
  /** Digits of the checksum seen so far; undefined before the "#". */
  #checksum: string | undefined;
  #last: Uint8Array | undefined;
  #acknowledges = true;

  constructor(write: (bytes: Uint8Array) => void, receiver: PacketReceiver) {
    this.#write = write;
    this.#receiver = receiver;
  }

  /** Takes bytes as they come, in any portions. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte);
  }

  /** Sends a packet; the content is a byte string. */
  send(content: string): void {
    const body = escaped(toBytes(content));
    const sum = body.reduce((total, byte) => (total + byte) & 0xff, 0);
    const frame = new Uint8Array(body.length + 4);
    frame[0] = DOLLAR;
    frame.set(body, 1);
    frame.set(toBytes(`#${sum.toString(16).padStart(2, '0')}`), body.length + 1);
    this.#last = frame;
    this.#write(frame);
  }

  /** QStartNoAckMode: neither side acknowledges any more. */
  stopAcknowledging(): void {
    this.#acknowledges = false;
  }

  #take(byte: number): void {
    if (this.#content === undefined) {
      if (byte === DOLLAR) this.#content = [];
      else if (byte === INTERRUPT) this.#receiver.interrupt();
      else if (byte === MINUS && this.#last !== undefined && this.#acknowledges) this.#write(this.#last);
      return;
    }
    if (this.#checksum !== undefined) {
      this.#checksum += String.fromCharCode(byte);
      if (this.#checksum.length === 2) this.#finish(this.#content, this.#checksum);
      return;
    }
    if (byte === HASH) this.#checksum = '';
    else if (byte === DOLLAR) this.#content = [];
    else if (this.#content.length <= LONGEST_PACKET) this.#content.push(byte);
  }

  #finish(content: readonly number[], checksum: string): void {
    this.#content = undefined;
    this.#checksum = undefined;
    // Its rest was dropped: what there is must not be taken for a command.
    if (content.length > LONGEST_PACKET) return;
    const sum = content.reduce((total, byte) => (total + byte) & 0xff, 0);
    if (this.#acknowledges) {
      const isRight = Number.parseInt(checksum, 16) === sum;
      this.#write(Uint8Array.of(isRight ? PLUS : MINUS));
      if (!isRight) return;
    }
    this.#receiver.packet(fromBytes(Uint8Array.from(unescaped(content))));
  }
}

function unescaped(content: readonly number[]): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < content.length; at += 1)
    bytes.push(content[at] === ESCAPE ? content[++at] ^ ESCAPE_BIT : content[at]);
  return bytes;
}

function escaped(bytes: Uint8Array): Uint8Array {
  const special = (byte: number) => byte === DOLLAR || byte === HASH || byte === ESCAPE || byte === STAR;
  const all: number[] = [];
  for (const byte of bytes) {
    if (special(byte)) all.push(ESCAPE, byte ^ ESCAPE_BIT);
    else all.push(byte);
  }
  return Uint8Array.from(all);
}
