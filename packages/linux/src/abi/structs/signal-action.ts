// struct sigaction and how traces show it.
import { address, type PrintedCall, printFlags, printPointer } from '@elf/kernel';
import { ActionFlag } from '../../signals/signal-state.ts';
import { structOut } from '../struct-arguments.ts';
import { defineStruct, layoutFor } from '../struct-layout.ts';
import { printSignalSet } from '../trace-arguments.ts';

// biome-ignore format: a table
const signalAction32 = defineStruct(20, { handler: [0, 'u32'], flags: [4, 'u32'], restorer: [8, 'u32'], mask: [12, 'u64'] });
/** struct sigaction of the kernel. */
// biome-ignore format: a table
export const signalAction = defineStruct(32, { handler: [0, 'u64'], flags: [8, 'u32'], restorer: [16, 'u64'], mask: [24, 'u64'] }, { layout: signalAction32 });

/** The action in memory; its mask has more bits than a number holds. */
function actionAt(at: number, { task }: PrintedCall): string | undefined {
  const layout = layoutFor(task, signalAction);
  const bytes = at === 0 ? undefined : task.user.read(at, layout.sizeInBytes);
  const mask = task.user.readU64(at + layout.sizeInBytes - 8);
  if (bytes === undefined || mask === undefined) return undefined;
  const { handler, flags, restorer } = layout.decode(bytes);
  const parts = [
    `sa_handler=${['SIG_DFL', 'SIG_IGN'][handler] ?? `0x${handler.toString(16)}`}`,
    `sa_mask=${printSignalSet(mask)}`,
    `sa_flags=${printFlags(flags, ACTION_FLAGS)}`,
    ...((flags & ActionFlag.RESTORER) !== 0 ? [`sa_restorer=0x${restorer.toString(16)}`] : []),
  ];
  return `{${parts.join(', ')}}`;
}

/** strace names SA_RESTORER first. */
const ACTION_FLAGS: Readonly<Record<string, number>> = {
  SA_RESTORER: ActionFlag.RESTORER,
  ...Object.fromEntries(Object.entries(ActionFlag).map(([name, bit]) => [`SA_${name}`, bit])),
};

/** The action that rt_sigaction reads. */
export const signalActionIn: typeof address = {
  ...address,
  print: (at, call, index) => actionAt(at, call) ?? printPointer(call, index),
};

const stored = structOut(signalAction);

/** The action that rt_sigaction stores. */
export const signalActionOut: typeof stored = {
  ...stored,
  print: (place, call, index) => ((call.result ?? -1) < 0 ? undefined : actionAt(place.address, call)) ?? printPointer(call, index),
};
