// AF_NETLINK: questions to the kernel about interfaces, addresses and routes, and about sockets (man 7 netlink, rtnetlink, sock_diag).
import {
  Errno,
  type Kernel,
  Readiness,
  type Received,
  type ReceiveRequest,
  type SendRequest,
  Shutdown,
  Socket,
} from '@elf/kernel';
import { answerRequests } from './netlink-answers.ts';
import { answerRoute } from './route-answers.ts';
import type { RouteRequest } from './route-messages.ts';
import { answerDiagnosis } from './socket-diagnosis.ts';

const READABLE = Readiness.Readable | Readiness.ReadNormal;
const WRITABLE = Readiness.Writable | Readiness.WriteNormal | Readiness.WriteBand;
/** Protocols of the family that there are. */
export const NETLINK = { ROUTE: 0, SOCK_DIAG: 4 } as const;
const NOBODY = { process: 0, user: 0, group: 0 };

/** A socket that asks the kernel. Answers are there as soon as a request was sent. */
export class NetlinkSocket extends Socket {
  /** nl_pid; 0 before it has one. */
  port = 0;
  groups = 0;
  readonly #kernel: Kernel;
  #answers: Uint8Array[] = [];

  readonly #protocol: number;

  constructor(kernel: Kernel, protocol: number = NETLINK.ROUTE) {
    super('datagram', kernel.nextInode());
    this.#kernel = kernel;
    this.#protocol = protocol;
  }

  get isListening(): boolean {
    return false;
  }

  get available(): number {
    return this.#answers[0]?.length ?? 0;
  }

  listen(): number {
    return -Errno.EOPNOTSUPP;
  }

  accept(): number {
    return -Errno.EOPNOTSUPP;
  }

  shutdown(directions: number): number {
    return directions <= Shutdown.Both ? -Errno.EOPNOTSUPP : -Errno.EINVAL;
  }

  send({ bytes, sender }: SendRequest): number {
    if (this.port === 0) this.port = sender.process;
    // Whoever asks and does not listen is not answered for ever, and a row of questions is no way round that.
    let room = this.receiveBufferBytes - this.#answers.reduce((sum, each) => sum + each.length, 0);
    if (room < 0) return -Errno.ENOBUFS;
    const answerOne = (request: RouteRequest, port: number) =>
      this.#protocol === NETLINK.ROUTE
        ? answerRoute(this.#kernel.internet.network, request, port)
        : answerDiagnosis(this.#kernel, request, port);
    for (const answer of answerRequests(bytes, this.port, answerOne)) {
      if (room < 0) {
        this.error = Errno.ENOBUFS;
        break;
      }
      this.#answers.push(answer);
      room -= answer.length;
    }
    this.changes.wake(READABLE);
    return bytes.length;
  }

  /** A message that nobody asked for here, from another part of the kernel. */
  deliver(bytes: Uint8Array): void {
    const waiting = this.#answers.reduce((sum, each) => sum + each.length, 0);
    if (waiting > this.receiveBufferBytes) this.error = Errno.ENOBUFS;
    else this.#answers.push(bytes);
    this.changes.wake(READABLE);
  }

  receive({ maximum, peek }: ReceiveRequest): Received | number {
    if (this.error !== 0) return -this.takeError();
    const [answer] = this.#answers;
    if (answer === undefined) return -Errno.EAGAIN;
    if (!peek) this.#answers.shift();
    const bytes = answer.subarray(0, maximum);
    return { bytes, fullLength: answer.length, descriptions: [], sender: NOBODY, from: '', isMessage: true };
  }

  readiness(): number {
    return (this.#answers.length > 0 ? READABLE : 0) | WRITABLE;
  }

  close(): void {
    this.#answers = [];
  }
}
