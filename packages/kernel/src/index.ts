// Public names of @elf/kernel.
export {
  type ArgumentKind,
  bigArgument,
  CallFailure,
  type PrintedCall,
  printPointer,
  type RawArguments,
  signedArgument,
  unsignedArgument,
} from './argument-kind.ts';
export {
  address,
  bytesIn,
  bytesOut,
  descriptor,
  flagSet,
  hexadecimal,
  int,
  offset,
  oneOf,
  optionalPath,
  path,
  permissions,
  printFlags,
  size,
  unsigned,
  wideOffset,
} from './argument-kinds.ts';
export { decodeText, encodeText, fromBytes, toBytes } from './byte-string.ts';
export { type Cpu, type CpuExit, Register } from './cpu-port.ts';
export { DescriptorTable } from './descriptor-table.ts';
export { Errno, errnoMessage, errnoName } from './errno.ts';
export type { ExitStatus } from './exit-status.ts';
export { type AnonymousFileParts, anonymousFile } from './files/anonymous-file.ts';
export { createEventCounter, EventCounter } from './files/event-counter.ts';
export type { FileLock, LockFamily } from './files/file-locks.ts';
export { type FileSeals, Seal } from './files/file-seals.ts';
export {
  anonymousStatus,
  deviceMajor,
  deviceMinor,
  deviceNumber,
  type FileStatus,
  FileType,
  isType,
} from './files/file-status.ts';
export type { FileSystem, OpenRequest } from './files/file-system.ts';
export { addDeviceNodes } from './files/device-nodes.ts';
export { AccessRight, type FileIdentity, isInGroup, permits } from './files/access-rights.ts';
export { FileTree, type TreeOpenRequest, type Viewpoint } from './files/file-tree.ts';
export { createInterestFile, type Interest, InterestList, interestListOf, type Report } from './files/interest-list.ts';
export { layeredFileSystem } from './files/layered.ts';
export { COOKED_MODES, type TerminalKey, type TerminalModes } from './files/line-discipline.ts';
export { MemoryBudget } from './files/memory-budget.ts';
export { createMemoryFile, type MemoryFileParts } from './files/memory-file.ts';
export { MemoryFileSystem } from './files/memory-file-system.ts';
export { InodeFlag } from './files/inode-flags.ts';
export { type Mount, MountTable } from './files/mount-table.ts';
export { OpenDescription, type OpenMode } from './files/open-description.ts';
export { type DirectoryEntry, type OpenFile, Readiness } from './files/open-file.ts';
export { type Place, pathWithin, type WalkRestrictions } from './files/path-walk.ts';
export { createPipe } from './files/pipe.ts';
export { PseudoTerminal, type PseudoTerminalParts } from './files/pseudo-terminal.ts';
export { subtree } from './files/subtree.ts';
export { readOnlyFileSystem, refuseChanges } from './files/read-only.ts';
export {
  createTerminalFile,
  type TerminalControl,
  type TerminalPort,
  type TerminalSize,
} from './files/terminal-file.ts';
export { createTimerFile, TimerControl, type TimerPort } from './files/timer-file.ts';
export type { TreeEvent, TreeEventKind } from './files/tree-events.ts';
export { childrenCpuTime, type CpuTime, inheritCpuTime, processCpuTime, threadCpuTime } from './cpu-time.ts';
export { GuestBuffer } from './guest-buffer.ts';
export type { Clock } from './host/clock.ts';
export type { Entropy } from './host/entropy.ts';
export type { Host } from './host/host.ts';
export { memoryClock } from './host/memory/memory-clock.ts';
export { memoryEntropy } from './host/memory/memory-entropy.ts';
export { createMemoryHost, type MemoryHostOptions } from './host/memory/memory-host.ts';
export { memorySockets } from './host/memory/memory-sockets.ts';
export { bytesInput, sinkOutput } from './host/memory/memory-streams.ts';
export type {
  DatagramEvents,
  InterfaceAddress,
  ListenerEvents,
  NetworkInterface,
  NetworkRoute,
  OutsideDatagrams,
  OutsideListener,
  OutsideNetwork,
  OutsideOptions,
  OutsideSetting,
  OutsideStream,
  SocketsPort,
  StreamEvents,
} from './host/sockets-port.ts';
export type { StandardStreams } from './host/standard-streams.ts';
export type { ForkOptions } from './fork-options.ts';
export { Kernel } from './kernel.ts';
export type { KernelParts } from './kernel-parts.ts';
export { createFirstProcess } from './orphans.ts';
export { Pending, type PendingRequest, type SystemCallResult } from './pending.ts';
export type { ArgumentWords, Personality, SystemCallAbi } from './personality.ts';
export { type Credentials, type FilePlace, Process } from './process.ts';
export type { LoadedProgram, LoadPlace, LoadRefusal, LoadRequest, ProgramLoader } from './program-loader.ts';
export { quote } from './quote.ts';
export { type RunOptions, type RunOutcome, run } from './run-loop.ts';
export { DatagramSocket } from './sockets/datagram-socket.ts';
export {
  addressBytes,
  addressText,
  type Endpoint,
  type InternetVersion,
  isMulticast,
  isVersion6,
  isWildcard,
  WILDCARDS as WILDCARD_ADDRESSES,
} from './sockets/endpoint.ts';
export { InternetSocket } from './sockets/internet-socket.ts';
export { LocalSocket, type SocketName } from './sockets/local-socket.ts';
export { Shutdown, Socket, type SocketKind } from './sockets/socket.ts';
export { createSocketFile } from './sockets/socket-file.ts';
export type { Received, ReceiveRequest, SenderAddress, SenderIdentity, SendRequest } from './sockets/socket-message.ts';
export { SocketNames } from './sockets/socket-names.ts';
export { StreamSocket } from './sockets/stream-socket.ts';
export { createSystemCallTable, defineSystemCall, type SystemCallRow, type SystemCallTable } from './system-call.ts';
export { type CallInProgress, Thread } from './thread.ts';
export { eventLine, traceEnd } from './trace.ts';
export type { SignalVerdict, Tracer } from './tracer.ts';
export { WaitQueue } from './wait-queue.ts';
