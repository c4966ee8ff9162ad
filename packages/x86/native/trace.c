// Runs an x86 program natively from block to block with ptrace and streams what is needed to compare our CPU with it.
//
// Usage: trace [-n INSTRUCTIONS] [-x XCR0] PROGRAM [ARGUMENTS]     the stream goes to descriptor 3, answers come from descriptor 4
//
// Where a block ends, the reader of the stream says, once for each address: the last instruction and where it goes. The tracer
// puts INT3 there for as long as the block runs; a trap flag would cost a debug exception for each instruction, which takes 20 us
// and more on a virtual machine. Code that may change by itself is single-stepped all the same.
//
// The stream (little endian):
//   'Q' which block is here? { address, mode u8, limit u8, 256 bytes of code }: answered with `answer`
//   'I' what does CPUID say? { leaf u32, subleaf u32, mode u8 } and 'G' XGETBV? { register u32 }: answered with four words
//   'M' mapped { start, length, flags u32, inode (0: private), offset }, 'U' unmapped { start, length }, 'A' other protection { start, length, flags u32 }
//   'W' page the kernel changed { address, 4096 bytes }, 'P' page the program has written, as it is now { address, 4096 bytes }
//   'V' changed words of the XSAVE image { count u16, (index u16, word)... }, 'N' what RDTSC or RDRAND gave { word }
//   'B' state after a block { count u32, is_soft u8, changed u32, changed words }: see `state_words`; after a soft one more of the path follows
//   'C' the same before a system call, 'S' before a signal { .., number u32 }; the kernel's changes follow, and 'B' with what to go on from
//   'X' end { wait status u32, reason u32 }
// The program runs without address randomisation and without vDSO. Its forks are let go; threads end the trace.
#include "trace.h"
#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

#define WINDOW 256
#define BLOCK_TABLE_BITS 18
#define XSAVE_BYTES 832
#define STATE_WORDS 25
enum kind { STRAIGHT, JUMP, CONDITIONAL, INDIRECT, RETURN, KERNEL, CPUID, RDTSC, RDTSCP, XGETBV, RANDOM, XSAVE, STEP };
enum reason { ENDED, LIMIT, THREADS, EXECUTED };

typedef struct {
  uint32_t last_offset, last_length, count, kind, vectors;
  int32_t displacement;
  uint64_t target;
  int8_t base, index, scale, segment, is_register, width, is_narrow, is_repeated;
} answer;
typedef struct {
  uint64_t address;
  uint32_t generation;
  uint8_t mode, is_changing;
  uint8_t code[WINDOW];
  answer a;
} block;

pid_t child;
FILE *out;
static FILE *answers;
static block *blocks[1 << BLOCK_TABLE_BITS];
static uint32_t generation = 1;
static struct user_regs_struct g;
static int status, postponed;
static siginfo_t postponed_information;
static uint32_t enabled;

void die(const char *what) {
  perror(what);
  if (child > 0) kill(child, SIGKILL);
  exit(1);
}
void put(const void *bytes, size_t length) { fwrite(bytes, 1, length, out); }
void put16(uint16_t value) { put(&value, 2); }
void put32(uint32_t value) { put(&value, 4); }
void put64(uint64_t value) { put(&value, 8); }
static void answered(void *target, size_t length) {
  fflush(out);
  if (fread(target, 1, length, answers) != length) exit(0); // The reader has seen enough.
}
static int mode(void) { return g.cs == 0x23 ? 32 : 64; }

static block *block_at(uint64_t address) {
  size_t at = (size_t)(address * 0x9e3779b97f4a7c15ul >> (64 - BLOCK_TABLE_BITS));
  while (blocks[at] && (blocks[at]->address != address || blocks[at]->mode != mode())) at = (at + 1) & ((1 << BLOCK_TABLE_BITS) - 1);
  block *b = blocks[at];
  uint8_t code[WINDOW] = {0};
  if (b && b->generation == generation) {
    size_t length = b->a.last_offset + b->a.last_length;
    if (!b->is_changing || (read_child(address, code, length) == length && memcmp(code, b->code, length) == 0)) return b;
  }
  if (!b && !(b = blocks[at] = calloc(1, sizeof *b))) die("calloc");
  b->address = address;
  b->mode = (uint8_t)mode();
  b->generation = generation;
  b->is_changing = (uint8_t)may_change(address);
  memset(b->code, 0, WINDOW);
  size_t got = read_child(address, b->code, WINDOW);
  fputc('Q', out);
  put64(address);
  fputc(b->mode, out);
  fputc(b->is_changing ? 1 : 64, out);
  put16((uint16_t)got);
  put(b->code, WINDOW);
  answered(&b->a, sizeof b->a);
  return b;
}

// rip, the general registers in encoding order, flags, bases, selectors.
static void put_state(char kind, uint32_t count, int is_soft) {
  static uint64_t last[STATE_WORDS];
  const uint64_t words[STATE_WORDS] = {g.rip, g.rax, g.rcx, g.rdx, g.rbx, g.rsp, g.rbp, g.rsi, g.rdi, g.r8, g.r9, g.r10, g.r11, g.r12, g.r13,
                                       g.r14, g.r15, g.eflags & ~0x10100ul, g.fs_base, g.gs_base, g.es, g.cs, g.ds, g.fs, g.gs};
  uint32_t changed = 0;
  for (int i = 0; i < STATE_WORDS; i++) changed |= (uint32_t)(words[i] != last[i]) << i;
  fputc(kind, out);
  put32(count);
  fputc(is_soft, out);
  put32(changed);
  for (int i = 0; i < STATE_WORDS; i++)
    if (changed >> i & 1) put64(last[i] = words[i]);
}

static void put_vectors(void) {
  static uint64_t last[XSAVE_BYTES / 8];
  uint64_t now[XSAVE_BYTES / 8] = {0};
  struct iovec area = {now, sizeof now};
  if (ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &area) != 0) die("vector registers");
  uint16_t count = 0;
  for (int i = 0; i < XSAVE_BYTES / 8; i++) count += now[i] != last[i];
  if (count == 0) return;
  fputc('V', out);
  put16(count);
  for (uint16_t i = 0; i < XSAVE_BYTES / 8; i++)
    if (now[i] != last[i]) {
      put16(i);
      put64(last[i] = now[i]);
    }
}

static int stopped(void) {
  if (waitpid(child, &status, __WALL) < 0) die("wait");
  if (!WIFSTOPPED(status)) return 0;
  if (ptrace(PTRACE_GETREGS, child, 0, &g) != 0) die("registers");
  return 1;
}
static int event(void) { return status >> 16; }

static int is_caught(int signal) {
  char path[64], line[256];
  unsigned long caught = 0;
  snprintf(path, sizeof path, "/proc/%d/status", child);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "SigCgt: %lx", &caught);
  if (file) fclose(file);
  return caught >> (signal - 1) & 1;
}
static int ends_program(int signal) { return !is_caught(signal) && signal != SIGCHLD && signal != SIGURG && signal != SIGWINCH && signal != SIGCONT; }

// One instruction with the trap flag. True when it is done; else the child has a signal or is gone.
static int step(void) {
  if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) != 0) die("step");
  if (!stopped()) return 0;
  siginfo_t information;
  if (WSTOPSIG(status) != SIGTRAP || ptrace(PTRACE_GETSIGINFO, child, 0, &information) != 0) return 0;
  return information.si_code == TRAP_TRACE || information.si_code == TRAP_HWBKPT || information.si_code == TRAP_BRKPT;
}

// Signals that no instruction caused wait for the end of the block: the other side could not stop in the middle of it.
static int postpones(void) {
  siginfo_t information;
  int signal = WSTOPSIG(status);
  if (event() != 0 || ptrace(PTRACE_GETSIGINFO, child, 0, &information) != 0) return 0;
  int is_own = information.si_code > 0 && (signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL || signal == SIGTRAP);
  if (is_own || postponed) return 0;
  postponed = signal;
  postponed_information = information;
  return 1;
}

// Runs until one of the addresses is reached. True there; else the child has a signal or is gone.
static int run_to(const uint64_t *addresses, int count) {
  uint8_t saved[2];
  static const uint8_t trap = 0xcc;
  for (int i = 0; i < count; i++)
    if (read_child(addresses[i], &saved[i], 1) != 1 || !write_child(addresses[i], &trap, 1)) {
      // The jump goes where nothing is: it faults by itself.
      while (i-- > 0) write_child(addresses[i], &saved[i], 1);
      return step();
    }
  do {
    if (ptrace(PTRACE_CONT, child, 0, 0) != 0) die("continue");
    if (!stopped()) return 0;
    if (WSTOPSIG(status) != SIGTRAP || event() != 0) continue;
    for (int i = 0; i < count; i++)
      if (g.rip == addresses[i] + 1) {
        g.rip--;
        if (ptrace(PTRACE_POKEUSER, child, offsetof(struct user_regs_struct, rip), g.rip) != 0) die("rip");
        goto reached;
      }
  } while (postpones());
  for (int i = 0; i < count; i++) write_child(addresses[i], &saved[i], 1);
  return 0;
reached:
  for (int i = 0; i < count; i++) write_child(addresses[i], &saved[i], 1);
  return 1;
}

static uint64_t evaluate(const answer *a, uint64_t next) {
  const uint64_t registers[16] = {g.rax, g.rcx, g.rdx, g.rbx, g.rsp, g.rbp, g.rsi, g.rdi, g.r8, g.r9, g.r10, g.r11, g.r12, g.r13, g.r14, g.r15};
  uint64_t value = 0, address = g.rsp;
  if (a->kind == INDIRECT) {
    if (a->is_register) return registers[a->base] & (a->width == 8 ? ~0ul : a->width == 4 ? 0xfffffffful : 0xfffful);
    address = (uint64_t)(int64_t)a->displacement;
    if (a->base >= 0) address += a->base == 16 ? next : registers[a->base];
    if (a->index >= 0) address += registers[a->index] << a->scale;
    if (a->is_narrow) address &= 0xfffffffful;
    if (a->segment) address += a->segment == 4 ? g.fs_base : g.gs_base;
    if (mode() == 32) address &= 0xfffffffful;
  }
  read_child(address, &value, (size_t)a->width);
  return value;
}

// The kernel is done: what it changed, and the state from which the program goes on.
static void tell_kernel(uint64_t start, uint64_t length) {
  if (tell_kernel_changes(start, length)) generation++;
  put_vectors();
  put_state('B', 0, 0);
}

// Delivers the signal that the child stopped with. False when that was its end.
static int deliver(void) {
  int signal = WSTOPSIG(status), is_lethal = ends_program(signal);
  if (ptrace(PTRACE_SINGLESTEP, child, 0, is_lethal || is_caught(signal) ? signal : 0) != 0) die("signal");
  return stopped();
}
// Before a signal: 'S' with the state as the instruction left it.
static int take_signal(void) {
  uint32_t signal = (uint32_t)WSTOPSIG(status);
  put_vectors();
  put_state('S', 0, 0);
  put32(signal);
  tell_written_pages();
  if (!deliver()) return 0;
  tell_kernel(0, 0);
  return 1;
}
static int take_postponed(void) {
  int signal = postponed;
  postponed = 0;
  if (!is_caught(signal) && !ends_program(signal)) return 1;
  syscall(SYS_tgkill, child, child, signal);
  if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) != 0) die("step");
  if (!stopped()) return 0;
  ptrace(PTRACE_SETSIGINFO, child, 0, &postponed_information);
  return take_signal();
}

static enum reason why = ENDED;
static uint64_t started_child(void) {
  unsigned long pid = 0;
  ptrace(PTRACE_GETEVENTMSG, child, 0, &pid);
  return pid;
}
// At a system call instruction. False when the program is gone or cannot be followed any more.
static int call_kernel(uint32_t count) {
  int is_wide = mode() == 64;
  put_vectors();
  put_state('C', count, 0);
  tell_written_pages();
  uint64_t number = g.rax, length = is_wide ? g.rsi : g.rcx;
  int is_mapping = is_wide ? number == SYS_mmap : number == 90 || number == 192;
  // The kernel would write the processor's number to the area of rseq(2) whenever it likes: there is no such call here.
  if (number == (is_wide ? 334 : 386)) {
    g.rax = UINT64_MAX;
    ptrace(PTRACE_SETREGS, child, 0, &g);
  }
  if (!is_wide && number == 90) read_child(g.rbx + 4, &length, 4);
  for (int done = 0; !done;) {
    if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) != 0) die("system call");
    if (!stopped()) return 0;
    if (event() == PTRACE_EVENT_EXEC) return why = EXECUTED, 0;
    if (event() == PTRACE_EVENT_CLONE && ((is_wide ? g.rdi : g.rbx) & 0x10000)) return why = THREADS, 0;
    if (event() != 0) {
      pid_t other = (pid_t)started_child();
      int ignored;
      waitpid(other, &ignored, __WALL);
      ptrace(PTRACE_DETACH, other, 0, 0);
    } else if (WSTOPSIG(status) == SIGTRAP) done = 1;
    else if (ends_program(WSTOPSIG(status))) return deliver();
    else if (is_caught(WSTOPSIG(status))) {
      if (!deliver()) return 0;
      done = 1;
    }
  }
  // SYSCALL leaves the trap flag in R11.
  if (is_wide && (g.r11 & 0x100)) {
    g.r11 &= ~0x100ul;
    ptrace(PTRACE_SETREGS, child, 0, &g);
  }
  int is_mapped = is_mapping && g.rax < 0xfffffffffffff000ul;
  tell_kernel(is_mapped ? g.rax : 0, is_mapped ? length & (is_wide ? ~0ul : 0xfffffffful) : 0);
  return 1;
}

static void go_on_at(uint64_t next) {
  g.rip = next;
  ptrace(PTRACE_SETREGS, child, 0, &g);
}
static void put_number(uint64_t value) {
  fputc('N', out);
  put64(value);
}
// Instructions whose result is this machine's own, or must be our model's.
static int run_special(const answer *a, uint64_t next) {
  uint32_t words[4];
  switch (a->kind) {
    case CPUID:
      fputc('I', out);
      put32((uint32_t)g.rax);
      put32((uint32_t)g.rcx);
      fputc(mode(), out);
      answered(words, sizeof words);
      g.rax = words[0], g.rbx = words[1], g.rcx = words[2], g.rdx = words[3];
      break;
    case RDTSC:
    case RDTSCP: {
      uint64_t ticks = __rdtsc();
      put_number(ticks);
      g.rax = (uint32_t)ticks, g.rdx = ticks >> 32;
      if (a->kind == RDTSCP) g.rcx = 0;
      break;
    }
    case XGETBV:
      if ((uint32_t)g.rcx != 0) return step();
      g.rax = enabled, g.rdx = 0;
      break;
    case RANDOM: {
      if (!run_to(&next, 1)) return 0;
      const uint64_t registers[16] = {g.rax, g.rcx, g.rdx, g.rbx, g.rsp, g.rbp, g.rsi, g.rdi, g.r8, g.r9, g.r10, g.r11, g.r12, g.r13, g.r14, g.r15};
      put_number(registers[a->base]);
      return 1;
    }
    default: {
      // XSAVE and XRSTOR: only what our model has enabled, which makes the same image.
      uint64_t asked = g.rax;
      g.rax &= enabled;
      ptrace(PTRACE_SETREGS, child, 0, &g);
      int reached = run_to(&next, 1);
      if (g.rax != (asked & enabled)) die("XSAVE changed RAX");
      g.rax = asked;
      ptrace(PTRACE_SETREGS, child, 0, &g);
      return reached;
    }
  }
  go_on_at(next);
  return 1;
}

// A repeated string instruction traps after each element, and is one instruction.
static int step_whole(const answer *a, uint64_t last) {
  do
    if (!step()) return 0;
  while (a->is_repeated && g.rip == last);
  return 1;
}

// Runs one block. False when it did not come to its end.
static int run_block(const block *b, uint64_t last, uint64_t next) {
  const answer *a = &b->a;
  if (a->kind == STRAIGHT) return b->is_changing ? step_whole(a, last) : run_to(&next, 1);
  uint64_t targets[2] = {a->target, next};
  int count = a->kind == JUMP || a->kind == CONDITIONAL ? 1 + (a->kind == CONDITIONAL && a->target != next) : 0;
  int stops_early = count == 0 || (a->target >= b->address && a->target < next);
  if (stops_early && last != b->address && !run_to(&last, 1)) return 0;
  if (a->kind >= CPUID && a->kind <= XSAVE) return run_special(a, next);
  if (b->is_changing || a->kind == STEP) return step();
  if (a->kind == INDIRECT || a->kind == RETURN) targets[0] = evaluate(a, next), count = 1;
  if (targets[0] >= last && targets[0] < next) return step();
  return run_to(targets, count);
}

static void hide_vdso(int is_wide) {
  size_t size = is_wide ? 8 : 4;
  uint64_t word = 0, at = g.rsp;
  read_child(at, &word, size);
  at += size * (word + 2);
  for (word = 1; word; at += size) read_child(at, &word, size);
  for (;; at += 2 * size) {
    if (read_child(at, &word, size) != size || word == 0) return;
    uint64_t ignore = 1;
    if (word == 33 || word == 32) write_child(at, &ignore, size);
  }
}

int main(int argc, char **argv) {
  uint64_t limit = UINT64_MAX;
  int option;
  while ((option = getopt(argc, argv, "+n:x:")) != -1) {
    if (option == 'n') limit = strtoull(optarg, NULL, 10);
    else if (option == 'x') enabled = (uint32_t)strtoul(optarg, NULL, 10);
    else return 2;
  }
  if (optind >= argc) return 2;
  out = fdopen(3, "w");
  answers = fdopen(4, "r");
  if (!out || !answers) die("descriptors 3 and 4");
  setvbuf(out, NULL, _IOFBF, 1 << 20);
  // On one processor the switch to the child and back is a direct one: twice as fast.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  child = fork();
  if (child == 0) {
    close(3);
    close(4);
    personality(ADDR_NO_RANDOMIZE);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[optind], argv + optind);
    _exit(127);
  }
  if (!stopped()) die("exec");
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE);
  open_memory();
  hide_vdso(mode() == 64);
  begin_memory();
  put_vectors();
  put_state('B', 0, 0);
  uint64_t done = 0, since_call = 0;
  for (int goes_on = 1; goes_on;) {
    if (done >= limit) {
      why = LIMIT;
      break;
    }
    const block *b = block_at(g.rip);
    uint64_t last = b->address + b->a.last_offset, next = last + b->a.last_length;
    done += b->a.count;
    if (b->a.kind == KERNEL) {
      goes_on = (last == b->address || run_to(&last, 1)) ? call_kernel(b->a.count) : WIFSTOPPED(status) && take_signal();
      since_call = 0;
      continue;
    }
    if (!run_block(b, last, next)) {
      goes_on = WIFSTOPPED(status) && take_signal();
      continue;
    }
    if (b->a.vectors || ++since_call % 64 == 0) put_vectors();
    put_state('B', b->a.count, b->a.kind == STRAIGHT || (b->a.kind >= CPUID && b->a.kind <= XSAVE));
    if (postponed) goes_on = take_postponed();
  }
  kill(child, SIGKILL);
  fputc('X', out);
  put32((uint32_t)status);
  put32(why);
  fclose(out);
  return 0;
}
