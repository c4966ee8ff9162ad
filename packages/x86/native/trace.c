// Single-steps a static x86-64 program natively with ptrace and streams what is needed to replay it on our CPU.
//
// Usage: trace [-c CPUIDS] [-n STEPS] PROGRAM [ARGUMENTS]     the stream goes to descriptor 3
//
// The stream (little endian): 'M' region mapped { start, length, protection u32, bytes u32, content }, 'U' unmapped { start, length },
// 'W' memory the kernel wrote { start, length u32, content }, 'C' the next state follows a system call { number },
// 'R' state before an instruction { rip, rax rcx rdx rbx rsp rbp rsi rdi r8..r15, rflags, fs base }, 'X' end { wait status u32 }.
// A repeated string instruction is one step. The program runs without address randomisation and without vDSO (its AT_SYSINFO_EHDR is
// renamed to AT_IGNORE); with -c CPUID traps and answers from the file ("leaf subleaf eax ebx ecx edx" in hex, one a line), so that
// the program takes the same paths as on our CPU.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

#define MAXIMUM_REGIONS 512
#define LARGEST_SNAPSHOT (256ul << 20)

typedef struct {
  uint64_t start, end;
  uint32_t protection;
  uint8_t *content; // as last read; only for regions that are watched or executed
} region;

typedef struct { uint32_t leaf, subleaf, eax, ebx, ecx, edx; } identification;

static pid_t child;
static int memory_fd;
static FILE *out;
static region regions[MAXIMUM_REGIONS];
static size_t region_count;
static identification identifications[1024];
static size_t identification_count;

static void die(const char *what) {
  perror(what);
  if (child > 0) kill(child, SIGKILL);
  exit(1);
}
static void put(const void *bytes, size_t length) { fwrite(bytes, 1, length, out); }
static void put64(uint64_t value) { put(&value, 8); }
static void put32(uint32_t value) { put(&value, 4); }

static size_t read_child(uint64_t address, void *target, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t n = pread(memory_fd, (char *)target + done, length - done, (off_t)(address + done));
    if (n <= 0) break;
    done += (size_t)n;
  }
  return done;
}

static size_t list_regions(region *list) {
  char path[64], line[512];
  snprintf(path, sizeof path, "/proc/%d/maps", child);
  FILE *maps = fopen(path, "r");
  if (!maps) return 0;
  size_t count = 0;
  while (fgets(line, sizeof line, maps) && count < MAXIMUM_REGIONS) {
    uint64_t start, end;
    char protection[5];
    if (sscanf(line, "%lx-%lx %4s", &start, &end, protection) != 3 || start >= 0x800000000000ul) continue;
    if (strstr(line, "[vvar") || strstr(line, "[vdso]")) continue;
    list[count++] = (region){start, end, (protection[0] == 'r') | (protection[1] == 'w') << 1 | (protection[2] == 'x') << 2, NULL};
  }
  fclose(maps);
  return count;
}

static void announce(region *r) {
  size_t length = r->end - r->start;
  int readable = (r->protection & 1) && length <= LARGEST_SNAPSHOT;
  r->content = readable ? malloc(length) : NULL;
  size_t got = readable ? read_child(r->start, r->content, length) : 0;
  fputc('M', out);
  put64(r->start);
  put64(length);
  put32(r->protection);
  put32((uint32_t)got);
  put(r->content, got);
}

// Reads the writable regions again and tells what changed, first the map, then the bytes.
static void compare_memory(void) {
  static region now[MAXIMUM_REGIONS];
  size_t count = list_regions(now);
  for (size_t i = 0; i < region_count; i++) {
    size_t k = 0;
    while (k < count && !(now[k].start == regions[i].start && now[k].end == regions[i].end && now[k].protection == regions[i].protection)) k++;
    if (k < count) {
      now[k].content = regions[i].content;
      continue;
    }
    free(regions[i].content);
    fputc('U', out);
    put64(regions[i].start);
    put64(regions[i].end - regions[i].start);
  }
  static uint8_t *buffer;
  static size_t room;
  for (size_t k = 0; k < count; k++) {
    region *r = &now[k];
    size_t length = r->end - r->start;
    if (!r->content) {
      announce(r);
      continue;
    }
    if (!(r->protection & 2)) continue;
    if (length > room && !(buffer = realloc(buffer, room = length))) die("realloc");
    size_t got = read_child(r->start, buffer, length);
    for (size_t at = 0; at < got; at += 4096) {
      size_t part = got - at < 4096 ? got - at : 4096;
      if (memcmp(buffer + at, r->content + at, part) == 0) continue;
      memcpy(r->content + at, buffer + at, part);
      fputc('W', out);
      put64(r->start + at);
      put32((uint32_t)part);
      put(buffer + at, part);
    }
  }
  memcpy(regions, now, count * sizeof *now);
  region_count = count;
}

// The writable regions as they are before a system call: what differs afterwards was written by the kernel.
static void snapshot(void) {
  for (size_t i = 0; i < region_count; i++)
    if ((regions[i].protection & 2) && regions[i].content) read_child(regions[i].start, regions[i].content, regions[i].end - regions[i].start);
}

static int code_at(uint64_t address, uint8_t *bytes, size_t length) {
  for (size_t i = 0; i < region_count; i++) {
    region *r = &regions[i];
    if (address < r->start || address + length > r->end || !r->content || (r->protection & 2)) continue;
    memcpy(bytes, r->content + (address - r->start), length);
    return 1;
  }
  return read_child(address, bytes, length) == length;
}

static void state(const struct user_regs_struct *g) {
  const uint64_t words[19] = {g->rip, g->rax, g->rcx, g->rdx, g->rbx, g->rsp, g->rbp, g->rsi, g->rdi, g->r8, g->r9,
                              g->r10, g->r11, g->r12, g->r13, g->r14, g->r15, g->eflags & ~0x10100ul, g->fs_base};
  fputc('R', out);
  put(words, sizeof words);
}

static int step(int *status) {
  if (ptrace(PTRACE_SINGLESTEP, child, 0, 0) != 0) die("step");
  if (waitpid(child, status, 0) < 0) die("wait");
  return WIFSTOPPED(*status);
}

// arch_prctl(ARCH_SET_CPUID, 0) in the child, through a SYSCALL written over its entry point for a moment.
static void trap_cpuid(void) {
  struct user_regs_struct saved, g;
  int status;
  ptrace(PTRACE_GETREGS, child, 0, &saved);
  long word = ptrace(PTRACE_PEEKTEXT, child, saved.rip, 0);
  g = saved;
  g.rax = 158;
  g.rdi = 0x1012;
  g.rsi = 0;
  g.orig_rax = -1;
  ptrace(PTRACE_POKETEXT, child, saved.rip, (word & ~0xffffl) | 0x050f);
  ptrace(PTRACE_SETREGS, child, 0, &g);
  step(&status);
  ptrace(PTRACE_GETREGS, child, 0, &g);
  if (g.rax != 0) fprintf(stderr, "trace: this machine cannot trap CPUID\n");
  ptrace(PTRACE_POKETEXT, child, saved.rip, word);
  ptrace(PTRACE_SETREGS, child, 0, &saved);
}

static void hide_vdso(uint64_t stack) {
  uint64_t word, at = stack + 8 * (1 + (uint64_t)ptrace(PTRACE_PEEKDATA, child, stack, 0) + 1);
  while (read_child(at, &word, 8) == 8 && word) at += 8;
  for (at += 8; read_child(at, &word, 8) == 8 && word; at += 16)
    if (word == 33) ptrace(PTRACE_POKEDATA, child, at, 1);
}

static void load_identifications(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) die(path);
  identification *d = identifications;
  while (identification_count < 1024 && fscanf(file, "%x %x %x %x %x %x", &d->leaf, &d->subleaf, &d->eax, &d->ebx, &d->ecx, &d->edx) == 6) d++, identification_count++;
  fclose(file);
}

static void answer_cpuid(struct user_regs_struct *g) {
  const identification *found = NULL;
  for (size_t i = 0; i < identification_count; i++) {
    const identification *d = &identifications[i];
    if (d->leaf == (uint32_t)g->rax && (!found || d->subleaf == (uint32_t)g->rcx)) found = d;
  }
  static const identification none;
  if (!found) found = &none;
  g->rax = found->eax;
  g->rbx = found->ebx;
  g->rcx = found->ecx;
  g->rdx = found->edx;
  g->rip += 2;
  ptrace(PTRACE_SETREGS, child, 0, g);
}

int main(int argc, char **argv) {
  uint64_t limit = UINT64_MAX;
  int option;
  while ((option = getopt(argc, argv, "+c:n:")) != -1) {
    if (option == 'c') load_identifications(optarg);
    else if (option == 'n') limit = strtoull(optarg, NULL, 10);
    else return 2;
  }
  if (optind >= argc) return 2;
  out = fdopen(3, "w");
  if (!out) die("descriptor 3");
  setvbuf(out, NULL, _IOFBF, 1 << 20);
  // On one processor the switch to the child and back is a direct one: twice as fast.
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  child = fork();
  if (child == 0) {
    close(3);
    personality(ADDR_NO_RANDOMIZE);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execv(argv[optind], argv + optind);
    _exit(127);
  }
  int status;
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) die("exec");
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  memory_fd = open(path, O_RDWR);
  struct user_regs_struct g, before;
  ptrace(PTRACE_GETREGS, child, 0, &g);
  hide_vdso(g.rsp);
  if (identification_count) trap_cpuid();
  region_count = list_regions(regions);
  for (size_t i = 0; i < region_count; i++) announce(&regions[i]);
  state(&g);
  for (uint64_t steps = 0; steps < limit;) {
    uint8_t code[2] = {0, 0};
    code_at(g.rip, code, 2);
    int is_call = code[0] == 0x0f && code[1] == 0x05;
    if (is_call) snapshot();
    before = g;
    if (!step(&status)) break;
    ptrace(PTRACE_GETREGS, child, 0, &g);
    if (WSTOPSIG(status) == SIGSEGV && code[0] == 0x0f && code[1] == 0xa2 && g.rip == before.rip) answer_cpuid(&g);
    else if (WSTOPSIG(status) != SIGTRAP) {
      fprintf(stderr, "trace: signal %d at 0x%llx\n", WSTOPSIG(status), g.rip);
      kill(child, SIGKILL);
      break;
    }
    // The same rip again is a repeated string instruction under way.
    if (g.rip == before.rip && !is_call) continue;
    steps++;
    if (is_call) {
      compare_memory();
      fputc('C', out);
      put64(before.rax);
    }
    state(&g);
  }
  kill(child, SIGKILL);
  fputc('X', out);
  put32((uint32_t)status);
  fclose(out);
  return 0;
}
