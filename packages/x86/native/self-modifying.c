// Runs generated functions that change their own code, for the trace comparison: npm run replay -- native/self-modifying.c [SEED] [FUNCTIONS] [alias]
//
// Each function is a loop of random pieces: arithmetic with immediates, stores into immediates and instructions that come next, came
// before or lie on the page after, locked additions to the next immediate, and REP STOSB over what follows. With `alias` the code is
// written through a second mapping, and CPUID serialises before each round, as the manual asks for (SDM vol. 3A, section 9.1.3).
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define CODE_BYTES 16384
#define MAXIMUM_PIECES 24

static uint32_t seed;
static uint32_t random_below(uint32_t limit) {
  seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5;
  return seed % limit;
}

static uint8_t *executed, *written, *at;
static uint8_t *immediates[MAXIMUM_PIECES * 2];
static int immediate_count;

static void emit(const char *bytes, size_t length) { memcpy(at, bytes, length), at += length; }
#define EMIT(bytes) emit(bytes, sizeof(bytes) - 1)
static void emit8(uint32_t value) { *at++ = (uint8_t)value; }
static void emit32(uint32_t value) { memcpy(at, &value, 4), at += 4; }
// A RIP-relative displacement to what lies `distance` bytes behind the instruction, as it is written.
static uint32_t displacement(long distance) { return (uint32_t)(distance + (written - executed)); }
static void note_immediate(void) { immediates[immediate_count++] = at; }

static void add_immediate(void) {
  EMIT("\x05"); // add eax, imm32
  note_immediate();
  emit32(random_below(UINT32_MAX));
}
static void store_byte(void) {
  EMIT("\xc6\x05"); // mov byte [rip + d], imm8
  uint8_t *place = at;
  emit32(0);
  emit8(random_below(256));
  uint8_t *next = at, *target = at + 1 + random_below(4);
  if (immediate_count && random_below(4) == 0) target = immediates[random_below((uint32_t)immediate_count)];
  else add_immediate();
  const uint32_t d = displacement(target - next);
  memcpy(place, &d, 4);
}
static void replace_next(void) {
  EMIT("\xc7\x05"); // mov dword [rip + 0], imm32: another instruction comes next than stands there
  emit32(displacement(0));
  emit32(random_below(2) ? 0x90c2ff90u /* nop; inc edx; nop */ : 0x9090caffu /* dec edx; nop; nop */);
  EMIT("\x90\xff\xc0\x90"); // nop; inc eax; nop
}
static void fill_next(void) {
  const uint32_t length = 1 + random_below(9);
  EMIT("\x51\x50\x57\xb9"); // push rcx; push rax; push rdi; mov ecx, length
  emit32(length);
  EMIT("\xb0\x90\x48\x8d\x3d"); // mov al, 0x90; lea rdi, [rip + 2]
  emit32(displacement(2));
  EMIT("\xf3\xaa"); // rep stosb
  for (uint32_t i = 0; i < length; i++) emit8(0x40 + random_below(8));
  EMIT("\x5f\x58\x59"); // pop rdi; pop rax; pop rcx
}
static void add_to_next(void) {
  EMIT("\xf0\x83\x05"); // lock add dword [rip + 2], 1
  emit32(displacement(2));
  emit8(1);
  add_immediate();
}

static uint32_t run_function(int is_alias) {
  memset(written, 0x90, CODE_BYTES);
  // Half of them cross a page.
  const uint32_t start = random_below(2) ? 4096 - random_below(70) : random_below(12000);
  at = written + start;
  immediate_count = 0;
  EMIT("\x31\xc0\x31\xd2\xb9"); // xor eax, eax; xor edx, edx; mov ecx, rounds
  emit32(2 + random_below(3));
  uint8_t *top = at;
  for (uint32_t piece = 4 + random_below(MAXIMUM_PIECES - 4); piece > 0; piece--) {
    static void (*const pieces[])(void) = {add_immediate, store_byte, store_byte, replace_next, fill_next, add_to_next};
    pieces[random_below(6)]();
  }
  if (is_alias) EMIT("\x53\x51\x50\x52\x31\xc0\x31\xc9\x0f\xa2\x5a\x58\x59\x5b"); // save; cpuid; restore
  EMIT("\xff\xc9\x0f\x85"); // dec ecx; jnz top
  emit32((uint32_t)(top - (at + 4)));
  EMIT("\x01\xd0\xc3"); // add eax, edx; ret
  uint32_t (*function)(void) = (uint32_t(*)(void))(executed + start);
  const uint32_t first = function();
  return first * 31 + function();
}

int main(int count, char **arguments) {
  seed = count > 1 ? (uint32_t)atoi(arguments[1]) : 1;
  int functions = count > 2 ? atoi(arguments[2]) : 100, is_alias = count > 3 && strcmp(arguments[3], "alias") == 0;
  const int file = memfd_create("code", 0), all = PROT_READ | PROT_WRITE | PROT_EXEC;
  if (seed == 0 || file < 0 || ftruncate(file, CODE_BYTES) != 0) return 2;
  executed = mmap(NULL, CODE_BYTES, is_alias ? PROT_READ | PROT_EXEC : all, is_alias ? MAP_SHARED : MAP_PRIVATE, file, 0);
  written = is_alias ? mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : executed;
  if (executed == MAP_FAILED || written == MAP_FAILED) return 2;
  uint32_t sum = 0;
  while (functions-- > 0) sum = sum * 31 + run_function(is_alias);
  printf("%x\n", sum);
  return 0;
}
