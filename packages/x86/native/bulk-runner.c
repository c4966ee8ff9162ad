// Runs the self-hashing loops of the bulk judge (src/test-support/bulk) on the real processor and reports the hash of each.
//
// The loops, their data and all addresses come from TypeScript; this program maps the same regions, enters each loop by returning from
// a signal handler (which chooses 64-bit or 32-bit code by CS) and gets it back at the loop's closing int3. Whatever the tested
// instruction raises ends in the same handler: it folds vector, address and rip into a hash of its own and lets the loop go on at the
// place where results are gathered; after FAULT_LIMIT events the loop is closed.
//
// Protocol (little endian, see bulk/layout.ts): { u32 magic, count, mode, dump }, code, harness, pools, image, state page, count records of
// 64 bytes; the answer is count results of 128 bytes and, with dump, the state page and the image after each.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define MAGIC 0x4b4c5542u
#define CODE_BASE 0x08000000ul
#define CODE_BYTES 0x40000ul
#define HARNESS_BASE 0x0a000000ul
#define HARNESS_BYTES 0x8000ul
#define STATE_BASE 0x0b080000ul
#define STATE_BYTES 0x1000ul
#define POOLS_BASE 0x0b100000ul
#define POOLS_BYTES 0x40000ul
#define DATA_BASE 0x20000000ul
#define DATA_BYTES 0x2000ul
#define STACK_BASE 0x30000000ul
#define STACK_BYTES 0x1000ul
#define IMAGE_BYTES (DATA_BYTES + STACK_BYTES)
#define HASH_AT 160
#define FAULT_LIMIT 64u

enum { CODE_32 = 0x23, DATA_FLAT = 0x2b, CODE_64 = 0x33 };
enum { ENDED = 0, DOES_NOT_END = 2, HARNESS_FAULT = 3 };

typedef struct {
  uint32_t seed, iterations;
  uint64_t slot;
  uint32_t flag_mask, window, source, mxcsr;
  uint32_t entry, resume, close, end;
  uint64_t fs_base, gs_base;
} instance;

typedef struct {
  uint8_t hash[32];
  uint32_t left, faults, fault_hash, status;
  uint32_t vector, access;
  uint64_t address, rip;
  uint8_t tail[56];
} result;

_Static_assert(sizeof(instance) == 64, "instance layout");
_Static_assert(sizeof(result) == 128, "result layout");

static uint8_t *code_alias, *harness_alias;
static uint8_t image[IMAGE_BYTES], state_page[STATE_BYTES];
static instance *instances;
static result *results;
static uint8_t *dumps;
static volatile uint32_t count, current, ticked = UINT32_MAX;
static volatile int running;
static uint32_t is_protected;
static uint64_t own_fs, own_gs;
static ucontext_t resume_context;
static uint8_t resume_fp[16384];
static size_t fp_bytes;

static inline uint64_t read_fs(void) { uint64_t v; __asm__ volatile("rdfsbase %0" : "=r"(v)); return v; }
static inline uint64_t read_gs(void) { uint64_t v; __asm__ volatile("rdgsbase %0" : "=r"(v)); return v; }
static inline void write_fs(uint64_t v) { __asm__ volatile("wrfsbase %0" ::"r"(v)); }
static inline void write_gs(uint64_t v) { __asm__ volatile("wrgsbase %0" ::"r"(v)); }

static void load_selectors(uint16_t data) {
  __asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%fs\n\tmov %0, %%gs" ::"r"(data));
}

// Selectors and bases as the tested code has them.
static void give_segments(void) {
  load_selectors(is_protected ? DATA_FLAT : 0);
  write_fs(instances[current].fs_base);
  write_gs(instances[current].gs_base);
}

static void start(ucontext_t *uc) {
  greg_t *g = uc->uc_mcontext.gregs;
  memcpy((void *)DATA_BASE, image, DATA_BYTES);
  memcpy((void *)STACK_BASE, image + DATA_BYTES, STACK_BYTES);
  memcpy((void *)STATE_BASE, state_page, STATE_BYTES);
  memcpy((void *)STATE_BASE, &instances[current], sizeof(instance));
  memset(&results[current], 0, sizeof(result));
  for (int i = REG_R8; i <= REG_RSP; i++) g[i] = 0;
  g[REG_RIP] = (greg_t)instances[current].entry;
  g[REG_EFL] = 0x202;
  g[REG_CSGSFS] = (greg_t)((uint64_t)DATA_FLAT << 48 | (is_protected ? CODE_32 : CODE_64));
  give_segments();
}

static uint32_t fold(uint32_t hash, uint32_t word) {
  uint32_t product = (hash ^ word) * 0x9e3779b1u;
  return product << 13 | product >> 19;
}

static void on_signal(int sig, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *uc = context;
  greg_t *g = uc->uc_mcontext.gregs;
  uint64_t fs = read_fs(), gs = read_gs();
  if (!running) {
    if (sig == SIGALRM) return;
    if (sig != SIGTRAP) _exit(70);
    own_fs = fs;
    own_gs = gs;
    resume_context.uc_mcontext = uc->uc_mcontext;
    memcpy(resume_fp, uc->uc_mcontext.fpregs, fp_bytes);
    running = 1;
    start(uc);
    return;
  }
  result *r = &results[current];
  const instance *n = &instances[current];
  uint64_t rip = (uint64_t)g[REG_RIP];
  if (sig == SIGALRM) {
    // The first tick in a loop gives it a whole second one.
    if (ticked != current) {
      ticked = current;
      return;
    }
    r->status = DOES_NOT_END;
  }
  load_selectors(0);
  write_fs(own_fs);
  write_gs(own_gs);
  int closes = sig == SIGALRM || (sig == SIGTRAP && g[REG_TRAPNO] == 3 && rip == n->end);
  if (!closes) {
    uint32_t left;
    memcpy(&left, (void *)(STATE_BASE + 4), 4);
    r->vector = (uint32_t)g[REG_TRAPNO];
    uint32_t error = (uint32_t)g[REG_ERR];
    r->access = r->vector == 14 ? (error & 16 ? 2 : error & 2 ? 1 : 0) : r->vector == 13 ? error : 0;
    uint64_t address = r->vector == 14 ? (uint64_t)g[REG_CR2] : 0;
    r->address = address >> 63 ? ~0ull : address;
    r->rip = rip >> 63 ? ~0ull : rip;
    r->faults++;
    const uint32_t words[] = {left, r->vector, r->access, (uint32_t)r->address, (uint32_t)(r->address >> 32), (uint32_t)r->rip, (uint32_t)(r->rip >> 32)};
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++) r->fault_hash = fold(r->fault_hash, words[i]);
    if (rip - HARNESS_BASE < HARNESS_BYTES) {
      r->status = HARNESS_FAULT;
      closes = 1;
    } else {
      g[REG_RIP] = (greg_t)(r->faults < FAULT_LIMIT ? n->resume : n->close);
      give_segments();
      return;
    }
  }
  memcpy(r->hash, (void *)(STATE_BASE + HASH_AT), 32);
  memcpy(&r->left, (void *)(STATE_BASE + 4), 4);
  if (dumps) {
    uint8_t *dump = dumps + current * (STATE_BYTES + IMAGE_BYTES);
    memcpy(dump, (void *)STATE_BASE, STATE_BYTES);
    memcpy(dump + STATE_BYTES, (void *)DATA_BASE, DATA_BYTES);
    memcpy(dump + STATE_BYTES + DATA_BYTES, (void *)STACK_BASE, STACK_BYTES);
  }
  current++;
  if (current < count) {
    start(uc);
    return;
  }
  running = 0;
  void *frame_fp = uc->uc_mcontext.fpregs;
  uc->uc_mcontext = resume_context.uc_mcontext;
  uc->uc_mcontext.fpregs = frame_fp;
  memcpy(frame_fp, resume_fp, fp_bytes);
}

static void *map_at(uint64_t address, size_t length, int protection, int flags, int fd) {
  void *at = mmap((void *)address, length, protection, flags, fd, 0);
  if (at == MAP_FAILED) {
    perror("mmap");
    exit(71);
  }
  return at;
}

static void *map_data(uint64_t address, size_t length) {
  return map_at(address, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1);
}

// Code is written through an alias: the tested programs cannot write it.
static uint8_t *map_code(uint64_t address, size_t length) {
  int fd = memfd_create("code", 0);
  if (fd < 0 || ftruncate(fd, (off_t)length) != 0) exit(71);
  uint8_t *alias = map_at(0, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
  memset(alias, 0xcc, length);
  map_at(address, length, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED_NOREPLACE, fd);
  return alias;
}

static int read_full(void *target, size_t length) {
  uint8_t *at = target;
  while (length) {
    ssize_t n = read(0, at, length);
    if (n <= 0) return 0;
    at += n;
    length -= (size_t)n;
  }
  return 1;
}

static void write_full(const void *source, size_t length) {
  const uint8_t *at = source;
  while (length) {
    ssize_t n = write(1, at, length);
    if (n <= 0) exit(72);
    at += n;
    length -= (size_t)n;
  }
}

// Bytes of the extended state in a signal frame, by CPUID leaf 0xD: 512 + 64 + components.
static size_t extended_state_bytes(void) {
  uint32_t a = 0xd, b, c = 0, d;
  __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return b < 2696 ? b : 2696;
}

int main(void) {
  fp_bytes = extended_state_bytes();
  code_alias = map_code(CODE_BASE, CODE_BYTES);
  harness_alias = map_code(HARNESS_BASE, HARNESS_BYTES);
  map_data(STATE_BASE, STATE_BYTES);
  map_data(POOLS_BASE, POOLS_BYTES);
  map_data(DATA_BASE, DATA_BYTES);
  map_data(STACK_BASE, STACK_BYTES);

  stack_t alternate = {.ss_size = 1 << 18};
  alternate.ss_sp = map_at(0, alternate.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  sigaltstack(&alternate, NULL);
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGSYS, SIGALRM};
  sigfillset(&action.sa_mask);
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, NULL);

  uint32_t head[4];
  while (read_full(head, sizeof head)) {
    if (head[0] != MAGIC || head[1] == 0 || head[1] > 1u << 16) return 73;
    instances = realloc(instances, head[1] * sizeof(instance));
    results = realloc(results, head[1] * sizeof(result));
    free(dumps);
    size_t dump_bytes = head[3] ? head[1] * (STATE_BYTES + IMAGE_BYTES) : 0;
    dumps = dump_bytes ? malloc(dump_bytes) : NULL;
    if (!instances || !results || (dump_bytes && !dumps)) return 74;
    if (!read_full(code_alias, CODE_BYTES) || !read_full(harness_alias, HARNESS_BYTES) || !read_full((void *)POOLS_BASE, POOLS_BYTES) ||
        !read_full(image, IMAGE_BYTES) || !read_full(state_page, STATE_BYTES) || !read_full(instances, head[1] * sizeof(instance)))
      return 75;
    count = head[1];
    current = 0;
    ticked = UINT32_MAX;
    is_protected = head[2] == 32;
    struct itimerval timer = {.it_interval = {.tv_sec = 2}, .it_value = {.tv_sec = 2}};
    setitimer(ITIMER_REAL, &timer, NULL);
    __asm__ volatile("int3" ::: "memory");
    timer = (struct itimerval){0};
    setitimer(ITIMER_REAL, &timer, NULL);
    write_full(results, count * sizeof(result));
    if (dumps) write_full(dumps, dump_bytes);
  }
  return 0;
}
