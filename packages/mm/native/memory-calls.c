// Runs a script of memory calls on the real kernel, without address randomisation, and prints each result and the maps after it.
//
// Input, one operation a line, numbers decimal or 0x-hexadecimal:
//   m ADDRESS LENGTH PROTECTION FLAGS FILE OFFSET  mmap; FILE -1 for none, else the number of a file below
//   u ADDRESS LENGTH                               munmap
//   p ADDRESS LENGTH PROTECTION                    mprotect
//   r ADDRESS OLD NEW FLAGS TARGET                 mremap
//   a ADDRESS LENGTH ADVICE                        madvise; after MADV_FREE also MADV_DONTNEED, see below
//   b ADDRESS                                      brk
//   c ADDRESS LENGTH                               mincore: one digit a page
//   l ADDRESS LENGTH FLAGS                         mlock2
//   k ADDRESS LENGTH                               munlock
//   L FLAGS                                        mlockall, or munlockall for FLAGS 0
//   s ADDRESS LENGTH FLAGS                         msync
//   t ADDRESS   w ADDRESS VALUE   x ADDRESS        load, store and fetch of a byte; a fault is printed as signal and si_code
//   T FILE SIZE                                    ftruncate
//   W FILE OFFSET VALUE   R FILE OFFSET            pwrite and pread of a byte
//   F COUNT                                        fork: the child does the next COUNT operations and ends, the parent waits
//   A LIMIT   D LIMIT                              RLIMIT_AS and RLIMIT_DATA become LIMIT bytes, -1 for none
//   P LIMIT                                        RLIMIT_MEMLOCK becomes LIMIT bytes and the process loses its privileges
// Files: 0 and 2 are memory files of 6 and 40 pages, 1 is file 0 opened again for reading only.
// Each page of a file starts with a return instruction and holds its number plus one at offset 8.
//
// The program is linked statically and asks for no memory itself, so that nothing but the script changes its maps.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, FILES = 3 };

static char script[8 << 20];
static char maps[1 << 18], previous_maps[1 << 18];
static char out[1 << 16];
static unsigned out_used;
static unsigned char vector[1 << 16];
static char handler_stack[1 << 16];
static int files[FILES];
static sigjmp_buf recovery;
static volatile int fault_signal, fault_code;
static volatile uintptr_t fault_address;

static void flush(void) {
  for (unsigned done = 0; done < out_used;) {
    ssize_t count = write(1, out + done, out_used - done);
    if (count <= 0) _exit(3);
    done += count;
  }
  out_used = 0;
}

static void print(const char *format, ...) {
  if (out_used > sizeof out - 1024) flush();
  va_list list;
  va_start(list, format);
  out_used += vsnprintf(out + out_used, 1024, format, list);
  va_end(list);
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  (void)context;
  fault_signal = signal;
  fault_code = info->si_code;
  fault_address = (uintptr_t)info->si_addr;
  siglongjmp(recovery, 1);
}

static void print_maps(void) {
  int fd = open("/proc/self/maps", O_RDONLY);
  unsigned used = 0;
  for (ssize_t count; used < sizeof maps - 1 && (count = read(fd, maps + used, sizeof maps - 1 - used)) > 0;) used += count;
  maps[used] = 0;
  close(fd);
  if (strcmp(maps, previous_maps) == 0) return;
  strcpy(previous_maps, maps);
  for (char *line = maps; *line;) {
    char *end = strchr(line, '\n');
    print("M%.*s\n", (int)(end - line), line);
    line = end + 1;
  }
}

static void result(long value) {
  if (value >= -4095 && value < 0) print("=%ld\n", value);
  else print("=0x%lx\n", value);
}

static long call(long number, long a, long b, long c, long d, long e, long f) {
  long value = syscall(number, a, b, c, d, e, f);
  return value == -1 ? -errno : value;
}

static void touch(char kind, uintptr_t address, int value) {
  if (sigsetjmp(recovery, 1) != 0) {
    // A page of zeros executes "add %al, (%rax)" with rax 0: the fetch itself went well.
    if (kind == 'x' && fault_address == 0) print("=ok\n");
    else print("=%s%d\n", fault_signal == SIGBUS ? "bus" : "segv", fault_code);
    return;
  }
  volatile unsigned char *byte = (volatile unsigned char *)address;
  if (kind == 't') print("=%d\n", *byte);
  else if (kind == 'w') {
    *byte = value;
    print("=ok\n");
  } else {
    __asm__ volatile("xor %%eax, %%eax; call *%0" : : "r"(address) : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
    print("=ok\n");
  }
}

static void drop_privileges(long limit) {
  struct rlimit wanted = {limit, limit};
  setrlimit(RLIMIT_MEMLOCK, &wanted);
  if (setresuid(65534, 65534, 65534) != 0) _exit(4);
  prctl(PR_SET_DUMPABLE, 1);
  print("=0x0\n");
}

static void limit(int resource, long bytes) {
  struct rlimit wanted;
  getrlimit(resource, &wanted);
  wanted.rlim_cur = bytes < 0 ? RLIM_INFINITY : (rlim_t)bytes;
  result(setrlimit(resource, &wanted) == 0 ? 0 : -errno);
}

// Bytes between the start and the end of the program's data, which RLIMIT_DATA counts with the heap: fields 45 and 46.
static long data_bytes(void) {
  static char text[4096];
  int fd = open("/proc/self/stat", O_RDONLY);
  ssize_t count = read(fd, text, sizeof text - 1);
  close(fd);
  if (count <= 0) _exit(5);
  text[count] = 0;
  char *cursor = strrchr(text, ')') + 1;
  for (int field = 3; field < 45; field++) cursor = strchr(cursor + 1, ' ');
  unsigned long start = strtoul(cursor, &cursor, 10);
  return strtoul(cursor, &cursor, 10) - start;
}

static void mincore_digits(uintptr_t address, size_t length) {
  long value = call(SYS_mincore, address, length, (long)vector, 0, 0, 0);
  if (value < 0) {
    result(value);
    return;
  }
  print("=");
  for (size_t page = 0; page < (length + PAGE - 1) / PAGE; page++) print("%d", vector[page] & 1);
  print("\n");
}

// The kernel may free the pages at any time; a script that depends on when cannot be compared, so they go now, page by page
// as far as the call itself came.
static void free_now(uintptr_t address, size_t length) {
  for (size_t at = 0; address % PAGE == 0 && at < length; at += PAGE) {
    long value = call(SYS_madvise, address + at, PAGE, MADV_FREE, 0, 0, 0);
    if (value == -EINVAL) return;
    if (value == 0) call(SYS_madvise, address + at, PAGE, MADV_DONTNEED, 0, 0, 0);
  }
}

static void execute(char kind, const long *n) {
  unsigned char byte;
  switch (kind) {
    case 'm': result(call(SYS_mmap, n[0], n[1], n[2], n[3], n[4] < 0 ? -1 : files[n[4]], n[5])); break;
    case 'u': result(call(SYS_munmap, n[0], n[1], 0, 0, 0, 0)); break;
    case 'p': result(call(SYS_mprotect, n[0], n[1], n[2], 0, 0, 0)); break;
    case 'r': result(call(SYS_mremap, n[0], n[1], n[2], n[3], n[4], 0)); break;
    case 'a': {
      long value = call(SYS_madvise, n[0], n[1], n[2], 0, 0, 0);
      if (n[2] == MADV_FREE) free_now(n[0], n[1]);
      result(value);
      break;
    }
    case 'b': result(call(SYS_brk, n[0], 0, 0, 0, 0, 0)); break;
    case 'c': mincore_digits(n[0], n[1]); break;
    case 'l': result(call(SYS_mlock2, n[0], n[1], n[2], 0, 0, 0)); break;
    case 'k': result(call(SYS_munlock, n[0], n[1], 0, 0, 0, 0)); break;
    case 'L': result(n[0] ? call(SYS_mlockall, n[0], 0, 0, 0, 0, 0) : call(SYS_munlockall, 0, 0, 0, 0, 0, 0)); break;
    case 's': result(call(SYS_msync, n[0], n[1], n[2], 0, 0, 0)); break;
    case 'T': result(call(SYS_ftruncate, files[n[0]], n[1], 0, 0, 0, 0)); break;
    case 'W': byte = n[2]; result(call(SYS_pwrite64, files[n[0]], (long)&byte, 1, n[1], 0, 0)); break;
    case 'R':
      byte = 0;
      result(call(SYS_pread64, files[n[0]], (long)&byte, 1, n[1], 0, 0) < 0 ? -errno : byte);
      break;
    case 'A': limit(RLIMIT_AS, n[0]); break;
    case 'D': limit(RLIMIT_DATA, n[0]); break;
    case 'P': drop_privileges(n[0]); break;
    default: touch(kind, n[0], n[1]);
  }
}

static void prepare_files(void) {
  static const int sizes[FILES] = {6, 0, 40};
  for (int file = 0; file < FILES; file += 2) {
    char name[2] = {'a' + file, 0};
    files[file] = memfd_create(name, 0);
    if (files[file] < 0) _exit(5);
    for (int page = 0; page < sizes[file]; page++) {
      unsigned char content[PAGE] = {0xc3};
      content[8] = page + 1;
      if (pwrite(files[file], content, PAGE, (long)page * PAGE) != PAGE) _exit(5);
    }
  }
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", files[0]);
  files[1] = open(path, O_RDONLY);
  if (files[1] < 0) _exit(5);
}

int main(int count, char **arguments) {
  (void)count;
  if (!(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
    personality(ADDR_NO_RANDOMIZE);
    execv("/proc/self/exe", arguments);
    return 2;
  }
  unsigned used = 0;
  for (ssize_t got; used < sizeof script - 1 && (got = read(0, script + used, sizeof script - 1 - used)) > 0;) used += got;
  prepare_files();
  stack_t stack = {.ss_sp = handler_stack, .ss_size = sizeof handler_stack};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  sigaction(SIGILL, &action, NULL);
  struct sysinfo memory;
  sysinfo(&memory);
  unsigned long total = (memory.totalram + memory.totalswap) * memory.mem_unit;
  print("B0x%lx 0x%lx 0x%lx\n", call(SYS_brk, 0, 0, 0, 0, 0, 0), data_bytes(), total);
  print_maps();
  long child_ends = -1, skip_until = -1, line_number = 0;
  for (char *line = script; *line; line_number++) {
    if (line_number == child_ends) break;
    char *end = strchr(line, '\n');
    long numbers[6] = {0};
    char *cursor = line + 1;
    for (int i = 0; i < 6 && cursor < end; i++) numbers[i] = strtoull(cursor, &cursor, 0);
    if (line_number >= skip_until) {
      if (*line == 'F') {
        flush();
        pid_t child = fork();
        if (child < 0) return 6;
        if (child == 0) child_ends = line_number + 1 + numbers[0];
        else {
          waitpid(child, NULL, 0);
          skip_until = line_number + 1 + numbers[0];
          print("=joined\n");
        }
        previous_maps[0] = 0;
        if (child == 0) print("=forked\n");
      } else execute(*line, numbers);
      print_maps();
    }
    line = end + 1;
  }
  flush();
  _exit(0);
}
