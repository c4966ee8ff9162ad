// The options of `elf run` as rows.
import { LOADER_OPTION_ROWS } from '../loader-options.ts';
import { BINFMT_CONF_OPTION, type OptionRow } from '../options.ts';

// biome-ignore format: one row per line
export const RUN_OPTIONS: readonly OptionRow[] = [
  { name: 'L',              value: 'directory', environment: 'ELF_LD_PREFIX', description: 'look for files in this sysroot first' },
  { name: 'E',              value: 'VAR=VAL',   environment: 'ELF_SET_ENV',   description: 'set a variable for the program', repeatable: true },
  { name: 'env',            value: 'VAR=VAL',                                 description: 'the same as -E', repeatable: true },
  { name: 'U',              value: 'VAR',       environment: 'ELF_UNSET_ENV', description: 'remove a variable', repeatable: true },
  { name: '0',              value: 'argv0',     environment: 'ELF_ARGV0',     description: 'what the program sees as its own name' },
  { name: 's',              value: 'size',      environment: 'ELF_STACK_SIZE', description: 'stack size limit, such as 16M' },
  { name: 'B',              value: 'address',   environment: 'ELF_GUEST_BASE', description: 'where position-independent programs are placed' },
  { name: 'r',              value: 'release',   environment: 'ELF_UNAME',     description: 'the release uname(2) tells, such as 5.4.0' },
  { name: 'core',           value: 'bytes',     environment: 'ELF_CORE_LIMIT', description: 'core file size limit, or "unlimited"; without it programs leave no core' },
  { name: 'cpu',            value: 'model',     environment: 'ELF_CPU',       description: 'processor model, with features: max, x86-64-v2,+aes ... (help lists them)' },
  { name: 'strace',                             environment: 'ELF_STRACE',    description: 'print system calls on standard error' },
  { name: 'd',              value: 'items',     environment: 'ELF_LOG',       description: 'log items on standard error: in_asm, exec, page, int ... (help lists them)' },
  { name: 'D',              value: 'file',      environment: 'ELF_LOG_FILENAME', description: 'write the lines of -d and -strace to this file' },
  { name: 'g',              value: 'port',      environment: 'ELF_GDB',       description: 'wait for gdb at this port of 127.0.0.1 before the first instruction; 0 takes a free one' },
  { name: 'root',           value: 'directory', environment: 'ELF_ROOT',      description: 'the directory the program sees as "/"' },
  { name: 'image',          value: 'file',      environment: 'ELF_IMAGE',     description: 'run what a saved image (docker save, OCI layout) or a tar of a root directory holds; changes stay in memory' },
  { name: 'mount',          value: 'host:guest[:ro]', environment: 'ELF_MOUNT', description: 'show a directory of the host at another place, optionally read-only', repeatable: true },
  { name: 'sandbox',                            environment: 'ELF_SANDBOX',   description: 'read-only files with a private /tmp, no devices and no network; only --mount can be written' },
  { name: 'file-memory',    value: 'size',      environment: 'ELF_FILE_MEMORY', description: 'what files in memory (an image, /tmp of --sandbox, tmpfs, memfd) and pipes may hold together; 2G by default' },
  { name: 'deterministic',                      environment: 'ELF_DETERMINISTIC', description: 'virtual time and fixed randomness: the same files and input give the same run, to the instruction' },
  ...LOADER_OPTION_ROWS,
  BINFMT_CONF_OPTION,
  { name: 'timeout',        value: 'seconds',   environment: 'ELF_TIMEOUT',   description: 'end after this time with status 124' },
  { name: 'stats',                              environment: 'ELF_STATS',     description: 'print instructions and time on standard error' },
  { name: 'exit-code-only',                     environment: 'ELF_EXIT_CODE_ONLY', description: 'exit with 128+S instead of dying of signal S' },
  { name: 'help',                                                             description: 'print this' },
];
