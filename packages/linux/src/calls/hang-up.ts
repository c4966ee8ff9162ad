// vhangup(2): takes the controlling terminal away from its session.
import { defineSystemCall, Errno } from '@elf/kernel';
import { hasCapability } from '../capabilities.ts';
import { terminalsOf } from '../terminals/terminals.ts';

const CAP_SYS_TTY_CONFIG = 26;

export const vhangup = defineSystemCall({
  name: 'vhangup',
  numbers: { 'x86-64': 153, i386: 111 },
  support: 'partial',
  note: 'The session loses its terminal and hears of it; descriptors of the terminal stay in use.',
  arguments: {},
  run: ({ kernel, process }) => {
    if (!hasCapability(process, CAP_SYS_TTY_CONFIG)) return -Errno.EPERM;
    terminalsOf(kernel).hangUp(process);
    return 0;
  },
});
