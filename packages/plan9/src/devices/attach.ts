// The devices of a machine by letter, and "#X" as the start of a name.
import type { Kernel, Thread } from '@elf/kernel';
import { Failure } from '../errors.ts';
import { joinPath, type Place } from '../names/place.ts';
import { stateOf } from '../process-state.ts';
import { consoleDevice } from './console.ts';
import type { Device } from './device.ts';
import { descriptorDevice } from './descriptors.ts';
import { environmentDevice, kernelEnvironment } from './environment.ts';
import { hostDevice } from './host-files.ts';
import { pipeDevice } from './pipe.ts';
import { processDevice } from './processes.ts';
import { rootDevice } from './root.ts';
import { serviceDevice } from './services.ts';

/** Devices that are the same for everybody, made once a kernel. */
interface SharedDevices {
  readonly root: Device;
  readonly host: Device;
  readonly cons: Device;
  readonly descriptors: Device;
  readonly processes: Device;
  readonly services: Device;
  readonly kernelEnvironment: Device;
}

const ofKernels = /* @__PURE__ */ new WeakMap<Kernel, SharedDevices>();
/** What RFNOMNT leaves. */
const ALWAYS_ALLOWED = '|decp';

/** The devices of a kernel. */
export function sharedDevices(kernel: Kernel): SharedDevices {
  const known = ofKernels.get(kernel);
  if (known !== undefined) return known;
  const made: SharedDevices = {
    root: rootDevice,
    host: hostDevice(kernel),
    cons: consoleDevice(kernel, drivers),
    descriptors: descriptorDevice,
    processes: processDevice(kernel),
    services: serviceDevice(),
    kernelEnvironment: kernelEnvironment(),
  };
  ofKernels.set(kernel, made);
  return made;
}

/** The root of the device that "#X" or "#Xspec" names. */
export function attachDevice(viewer: Thread, name: string): Place | number {
  const letter = name[1] ?? '';
  const specification = name.slice(2);
  const state = stateOf(viewer);
  if (!state.mayMount && !ALWAYS_ALLOWED.includes(letter)) return -Failure.NoAttach;
  const device = deviceOf(viewer, letter, specification);
  if (typeof device === 'number') return device;
  const facts = device.stat('', viewer);
  return typeof facts === 'number' ? facts : { device, path: '', name, facts, parent: undefined };
}

function deviceOf(viewer: Thread, letter: string, specification: string): Device | number {
  const shared = sharedDevices(viewer.kernel);
  switch (letter) {
    case '/':
      return shared.root;
    case 'Z':
      return shared.host;
    case 'c':
      return shared.cons;
    case 'd':
      return shared.descriptors;
    case 'p':
      return shared.processes;
    case 's':
      return shared.services;
    case '|':
      return pipeDevice(viewer.kernel);
    case 'e':
      return specification === 'c'
        ? shared.kernelEnvironment
        : environmentDevice(viewer.kernel, stateOf(viewer).environment);
    default:
      return -Failure.BadDevice;
  }
}

/** Lines of /dev/drivers. */
function drivers(viewer: Thread): string {
  const letters = '/Zc|dpse';
  return [...letters]
    .map((letter) => deviceOf(viewer, letter, ''))
    .map((device) => (typeof device === 'number' ? '' : `#${device.letter} ${device.name}\n`))
    .join('');
}

/** A place below another one of the same device, for what boot binds. */
export function placeBelow(viewer: Thread, from: Place, element: string, name: string): Place | undefined {
  const path = joinPath(from.path, element);
  const facts = from.device.stat(path, viewer);
  return typeof facts === 'number' ? undefined : { device: from.device, path, name, facts, parent: from };
}
