// table: signals as GDB's protocol numbers them, which is not as Linux does (gdb include/gdb/signals.def).

/** Linux number of each protocol number; 0 where Linux has none. */
// biome-ignore format: a table
const LINUX_NUMBERS: readonly number[] = [
  0, 1, 2, 3, 4, 5, 6, 0, 8, 9, 7, 11, 31, 13, 14, 15, // none HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM
  23, 19, 20, 18, 17, 21, 22, 29, 24, 25, 26, 27, 28, 0, 10, 12, // URG STOP TSTP CONT CHLD TTIN TTOU IO XCPU XFSZ VTALRM PROF WINCH LOST USR1 USR2
  30, // PWR
];
/** SIG33 to SIG63, SIG32, and SIG64 to SIG127 have ranges of their own. */
const REAL_TIME_33 = 45;
const REAL_TIME_32 = 77;
const REAL_TIME_64 = 78;
const UNKNOWN = 143;

/** The protocol's number of a Linux signal. */
export function protocolSignal(linux: number): number {
  if (linux === 32) return REAL_TIME_32;
  if (linux === 64) return REAL_TIME_64;
  if (linux > 32 && linux < 64) return REAL_TIME_33 + linux - 33;
  const found = LINUX_NUMBERS.indexOf(linux);
  return found < 0 ? UNKNOWN : found;
}

/** The Linux signal behind a number of the protocol; 0 for none. */
export function linuxSignal(protocol: number): number {
  if (protocol === REAL_TIME_32) return 32;
  if (protocol === REAL_TIME_64) return 64;
  if (protocol >= REAL_TIME_33 && protocol < REAL_TIME_33 + 31) return protocol - REAL_TIME_33 + 33;
  return LINUX_NUMBERS[protocol] ?? 0;
}
