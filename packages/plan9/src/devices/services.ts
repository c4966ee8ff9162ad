// #s: the notice board of open files (srv(3)). Writing a descriptor's number into a new file posts it, opening the file takes it.
import { anonymousStatus, FileType, fromBytes, type Kernel, type OpenDescription, type Thread } from '@elf/kernel';
import { Failure } from '../errors.ts';
import { stateOf } from '../process-state.ts';
import { FileMode } from '../stat-record.ts';
import { type Device, plainFacts, simpleFile } from './device.ts';

interface Service {
  readonly id: bigint;
  readonly owner: string;
  readonly mode: number;
  posted: OpenDescription | undefined;
}

/** A board of its own: a kernel has one. */
export function serviceDevice(): Device {
  const services = new Map<string, Service>();
  let nextId = 1n;
  const factsOf = (name: string, { id, owner, mode }: Service) => plainFacts('s', { name, id, mode, user: owner });
  return {
    letter: 's',
    name: 'srv',
    identity: 's',
    stat: (path, viewer) => {
      if (path === '') {
        return plainFacts('s', { name: '#s', id: 0n, mode: FileMode.Directory + 0o555, user: stateOf(viewer).user });
      }
      const service = services.get(path);
      return service === undefined ? -Failure.NotFound : factsOf(path, service);
    },
    list: () => [...services].map(([name, service]) => factsOf(name, service)),
    open: (path, mode) => {
      const service = services.get(path);
      if (service === undefined) return -Failure.NotFound;
      const { posted } = service;
      if (posted === undefined) return -Failure.NoServer;
      if (mode.truncates) return -Failure.Exists;
      const { readable, writable } = posted.mode;
      if ((mode.reads && !readable) || (mode.writes && !writable)) return -Failure.Permission;
      return posted;
    },
    create: (path, mode, permissions, viewer) => {
      if (!mode.writes || mode.reads) return -Failure.Permission;
      if ((permissions & FileMode.Directory) !== 0) return -Failure.Permission;
      if (services.has(path)) return -Failure.Exists;
      const service: Service = {
        id: nextId++,
        owner: stateOf(viewer).user,
        mode: permissions & 0o777,
        posted: undefined,
      };
      services.set(path, service);
      return postingFile(viewer.kernel, service, viewer);
    },
    remove: (path) => {
      services.get(path)?.posted?.release();
      return services.delete(path) ? 0 : -Failure.NotFound;
    },
  };
}

function postingFile(kernel: Kernel, service: Service, opener: Thread) {
  return simpleFile({
    status: () => anonymousStatus({ mode: FileType.Regular | 0o600 }),
    write: (bytes) => {
      const number = Number.parseInt(fromBytes(bytes), 10);
      const description = (kernel.currentThread ?? opener).process.descriptors.get(number);
      if (description === undefined) return -Failure.BadDescriptor;
      if (service.posted !== undefined) return -Failure.BadUse;
      service.posted = description.retain();
      return bytes.length;
    },
  });
}
