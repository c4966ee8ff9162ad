// #e: the environment of a group of processes as files (env(3)).
import { anonymousStatus, FileType, type Kernel } from '@elf/kernel';
import { EnvironmentGroup, type Variable } from '../environment-group.ts';
import { Failure } from '../errors.ts';
import { stateOf } from '../process-state.ts';
import { FileMode } from '../stat-record.ts';
import { type Device, plainFacts, readFrom, simpleFile } from './device.ts';

/** Maxenvsize of devenv.c: bytes of one variable. */
const MAXIMUM_BYTES = 16_300;
/** Longest name of a file of a device. */
const MAXIMUM_NAME = 127;

const devices = /* @__PURE__ */ new WeakMap<EnvironmentGroup, Device>();

/** The device of letter 'e' over a group; the same group has the same device. */
export function environmentDevice(kernel: Kernel, group: EnvironmentGroup): Device {
  const known = devices.get(group);
  if (known !== undefined) return known;
  const made = makeDevice(group, `e${kernel.nextInode()}`);
  devices.set(group, made);
  return made;
}

/** #ec: what the kernel was booted with; nothing here. */
export function kernelEnvironment(): Device {
  return makeDevice(new EnvironmentGroup(), 'ec');
}

function makeDevice(group: EnvironmentGroup, identity: string): Device {
  const factsOf = (name: string, variable: Variable, user: string) =>
    plainFacts('e', {
      name,
      id: BigInt(variable.id),
      version: variable.version,
      mode: 0o666,
      user,
      length: BigInt(variable.bytes.length),
    });
  const fileOf = (variable: Variable) =>
    simpleFile({
      status: () => anonymousStatus({ mode: FileType.Regular | 0o666, sizeInBytes: variable.bytes.length }),
      read: (target, position) => readFrom(variable.bytes, target, position),
      write: (bytes, position) => {
        const end = position + bytes.length;
        if (end > MAXIMUM_BYTES) return -Failure.TooLarge;
        if (end > variable.bytes.length) {
          const longer = new Uint8Array(end);
          longer.set(variable.bytes);
          variable.bytes = longer;
        }
        variable.bytes.set(bytes, position);
        variable.version++;
        return bytes.length;
      },
    });
  return {
    letter: 'e',
    name: 'env',
    identity,
    stat: (path, viewer) => {
      const { user } = stateOf(viewer);
      if (path === '') return plainFacts('e', { name: '#e', id: 0n, mode: FileMode.Directory + 0o775, user });
      const variable = group.variables.get(path);
      return variable === undefined ? -Failure.NotFound : factsOf(path, variable, user);
    },
    list: (_path, viewer) => {
      const { user } = stateOf(viewer);
      return [...group.variables].map(([name, variable]) => factsOf(name, variable, user));
    },
    open: (path, { truncates }) => {
      const variable = truncates && group.variables.has(path) ? group.create(path) : group.variables.get(path);
      return variable === undefined ? -Failure.NotFound : fileOf(variable);
    },
    create: (path, _mode, permissions) => {
      if ((permissions & FileMode.Directory) !== 0) return -Failure.Permission;
      return path.length > MAXIMUM_NAME ? -Failure.NameTooLong : fileOf(group.create(path));
    },
    remove: (path) => (group.variables.delete(path) ? 0 : -Failure.NotFound),
  };
}
