// Public names of @elf/linux.
export { defineStruct, type StructLayout } from './abi/struct-layout.ts';
export { X86_64_ABI } from './abi/x86-64.ts';
export { installLoopDevices } from './block-devices/loop-devices.ts';
export { LINUX_CALLS } from './calls/index.ts';
export { KERNEL_IDENTITY } from './kernel-identity.ts';
export { createLinuxPersonality, type LinuxOptions } from './linux.ts';
export { createProcFileSystem } from './proc/proc-file-system.ts';
export { sendToThread } from './signals/send-signal.ts';
export { SignalCode, signalName } from './signals/signal-table.ts';
export { createVdsoImages, type VdsoImage, type VdsoImages } from './vdso/vdso.ts';
export { installTerminals } from './terminals/terminals.ts';
