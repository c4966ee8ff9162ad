/* Integer work with loads and stores, without libc: sieve, CRC-32, recursion, quicksort. Prints one number.
 * gcc -O2 -static -nostdlib -mgeneral-regs-only -fno-tree-vectorize -fno-tree-loop-distribute-patterns -fno-stack-protector -fno-pie -no-pie */

static long write_out(const void *bytes, long length) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(1), "D"(1), "S"(bytes), "d"(length) : "rcx", "r11", "memory");
  return result;
}
static void leave(int status) { __asm__ volatile("syscall" ::"a"(231), "D"(status)); }

#define SIEVE (1 << 20)
#define ITEMS 200000
static unsigned char composite[SIEVE];
static unsigned table[256];
static int items[ITEMS];

static unsigned sieve(void) {
  unsigned primes = 0;
  for (int i = 2; i < SIEVE; i++) composite[i] = 0;
  for (int i = 2; i < SIEVE; i++) {
    if (composite[i]) continue;
    primes++;
    for (int j = 2 * i; j < SIEVE; j += i) composite[j] = 1;
  }
  return primes;
}
static unsigned crc(void) {
  unsigned value = ~0u;
  for (int i = 0; i < 256; i++) {
    unsigned c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
    table[i] = c;
  }
  for (int i = 0; i < SIEVE; i++) value = table[(value ^ composite[i]) & 255] ^ (value >> 8);
  return ~value;
}
static int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
static void sort(int *a, int left, int right) {
  int i = left, j = right, pivot = a[(left + right) / 2];
  while (i <= j) {
    while (a[i] < pivot) i++;
    while (a[j] > pivot) j--;
    if (i <= j) {
      int t = a[i];
      a[i++] = a[j];
      a[j--] = t;
    }
  }
  if (left < j) sort(a, left, j);
  if (i < right) sort(a, i, right);
}

__attribute__((used)) static void run(void) {
  unsigned sum = 0, random = 1;
  for (int round = 0; round < 8; round++) {
    sum += sieve() ^ crc();
    sum += fibonacci(25);
    for (int i = 0; i < ITEMS; i++) {
      random = random * 1103515245 + 12345;
      items[i] = random >> 8;
    }
    sort(items, 0, ITEMS - 1);
    sum += items[777];
  }
  char digits[16];
  int length = 0;
  do digits[sizeof digits - ++length] = '0' + sum % 10;
  while (sum /= 10);
  digits[sizeof digits - 1 - length] = 0;
  write_out(digits + sizeof digits - length, length);
  write_out("\n", 1);
  leave(0);
}
__asm__(".globl _start\n_start: xor %ebp, %ebp\n and $-16, %rsp\n call run\n");
