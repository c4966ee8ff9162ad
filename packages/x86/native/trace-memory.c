// The memory half of the tracer: what is mapped in the child, which pages it and the kernel have changed.
#include "trace.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAXIMUM_REGIONS 4096
#define PAGE 4096ul
#define PAGE_TABLE_BITS 20
enum { READ = 1, WRITE = 2, EXECUTE = 4, SHARED = 0x100, GROWS_DOWN = 0x200, ANONYMOUS = 0x400, FLAGS_OF_MAP = READ | WRITE | EXECUTE | GROWS_DOWN };

typedef struct {
  uint64_t start, end;
  uint32_t flags;
  uint64_t file, offset; // of a shared mapping: inode, and where in it
} region;
typedef struct {
  uint64_t address;
  uint8_t *content;
} page;

static int memory_fd, pagemap_fd;
static region regions[MAXIMUM_REGIONS];
static size_t region_count;
// The content of each page as it was told last; a page that is not here was zero.
static page pages[1 << PAGE_TABLE_BITS];
static size_t page_count;

size_t read_child(uint64_t address, void *target, size_t length) {
  size_t done = 0;
  while (done < length) {
    ssize_t n = pread(memory_fd, (char *)target + done, length - done, (off_t)(address + done));
    if (n <= 0) break;
    done += (size_t)n;
  }
  return done;
}
int write_child(uint64_t address, const void *bytes, size_t length) { return pwrite(memory_fd, bytes, length, (off_t)address) == (ssize_t)length; }

static page *page_at(uint64_t address) {
  size_t at = (size_t)((address / PAGE) * 0x9e3779b97f4a7c15ul >> (64 - PAGE_TABLE_BITS));
  while (pages[at].address && pages[at].address != address) at = (at + 1) & ((1 << PAGE_TABLE_BITS) - 1);
  return &pages[at];
}
static void remember(page *p, uint64_t address, const uint8_t *content) {
  if (!p->address && ++page_count > (1 << PAGE_TABLE_BITS) * 3 / 4) die("too many pages");
  p->address = address;
  if (!p->content && !(p->content = malloc(PAGE))) die("malloc");
  memcpy(p->content, content, PAGE);
}

static size_t list_regions(region *list) {
  char path[64], line[8192];
  snprintf(path, sizeof path, "/proc/%d/maps", child);
  FILE *maps = fopen(path, "r");
  if (!maps) return 0;
  size_t count = 0;
  while (fgets(line, sizeof line, maps) && count < MAXIMUM_REGIONS) {
    uint64_t start, end;
    unsigned long offset, inode;
    char protection[5];
    if (sscanf(line, "%lx-%lx %4s %lx %*s %lu", &start, &end, protection, &offset, &inode) != 5 || start >= 0x800000000000ul) continue;
    if (strstr(line, "[vvar") || strstr(line, "[vdso]")) continue;
    uint32_t flags = (protection[0] == 'r') | (protection[1] == 'w') << 1 | (protection[2] == 'x') << 2;
    if (protection[3] == 's') flags |= SHARED;
    if (strstr(line, "[stack]")) flags |= GROWS_DOWN;
    if (inode == 0) flags |= ANONYMOUS;
    list[count++] = (region){start, end, flags, flags & SHARED ? inode : 0, offset};
  }
  if (count == MAXIMUM_REGIONS) die("too many regions");
  fclose(maps);
  return count;
}

static void told(char kind, uint64_t start, uint64_t length) {
  fputc(kind, out);
  put64(start);
  put64(length);
}

enum { WRITTEN = 'P', CHANGED = 'W' };

// Compares pages with what was told last and tells the changed ones. `all`: also those that no page table has, as a file's.
static void compare_pages(uint64_t start, uint64_t end, uint32_t flags, int all, char kind) {
  static uint8_t buffer[64 * PAGE];
  static const uint8_t zeros[PAGE];
  uint64_t entries[64];
  for (uint64_t at = start; at < end; at += sizeof buffer) {
    size_t count = end - at < sizeof buffer ? (end - at) / PAGE : 64;
    memset(entries, 0, sizeof entries);
    if (pread(pagemap_fd, entries, count * 8, (off_t)(at / PAGE * 8)) < 0) die("pagemap");
    for (size_t i = 0; i < count;) {
      size_t run = 0;
      while (i + run < count) {
        uint64_t entry = entries[i + run];
        // Present or swapped out, and neither a page of the file nor of shared memory: the process's own.
        int own = entry >> 62 && !(entry >> 61 & 1);
        if (!all && !own && !(flags & SHARED) && !page_at(at + (i + run) * PAGE)->content) break;
        run++;
      }
      size_t got = run ? read_child(at + i * PAGE, buffer, run * PAGE) / PAGE : 0;
      for (size_t k = 0; k < got; k++) {
        uint64_t address = at + (i + k) * PAGE;
        page *p = page_at(address);
        if (memcmp(p->content ? p->content : zeros, buffer + k * PAGE, PAGE) == 0) continue;
        remember(p, address, buffer + k * PAGE);
        fputc(kind, out);
        put64(address);
        put(p->content, PAGE);
      }
      i += run + 1;
    }
  }
}

static void forget(uint64_t start, uint64_t end) {
  // The address stays in the table: others may have been placed behind it.
  if ((end - start) / PAGE < 1 << PAGE_TABLE_BITS) {
    for (uint64_t at = start; at < end; at += PAGE) {
      page *p = page_at(at);
      free(p->content);
      p->content = NULL;
    }
    return;
  }
  for (size_t i = 0; i < 1 << PAGE_TABLE_BITS; i++) {
    page *p = &pages[i];
    if (p->address < start || p->address >= end) continue;
    free(p->content);
    p->content = NULL;
  }
}

static void announce(uint64_t start, uint64_t end, const region *r) {
  told('M', start, end - start);
  put32(r->flags & FLAGS_OF_MAP);
  put64(r->file);
  put64(r->offset + (start - r->start));
  if (r->flags & READ) compare_pages(start, end, r->flags, !(r->flags & ANONYMOUS), CHANGED);
}

void open_memory(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  memory_fd = open(path, O_RDWR);
  snprintf(path, sizeof path, "/proc/%d/pagemap", child);
  pagemap_fd = open(path, O_RDONLY);
  if (memory_fd < 0 || pagemap_fd < 0) die("memory of the child");
}
void begin_memory(void) {
  region_count = list_regions(regions);
  for (size_t i = 0; i < region_count; i++) announce(regions[i].start, regions[i].end, &regions[i]);
}

void tell_written_pages(void) {
  static region now[MAXIMUM_REGIONS];
  // The stack may have grown without a call.
  size_t count = list_regions(now);
  for (size_t i = 0, k = 0; i < region_count; i++) {
    region *r = &regions[i];
    while (k < count && now[k].end < r->end) k++;
    if ((r->flags & GROWS_DOWN) && k < count && now[k].end == r->end) r->start = now[k].start;
    if (r->flags & WRITE) compare_pages(r->start, r->end, r->flags, 0, WRITTEN);
  }
}

static const region *region_with(const region *list, size_t count, size_t *from, uint64_t address) {
  while (*from < count && list[*from].end <= address) ++*from;
  return *from < count && list[*from].start <= address ? &list[*from] : NULL;
}

// Goes over the two lists in pieces in which neither changes.
int tell_kernel_changes(uint64_t fresh, uint64_t length) {
  static region now[MAXIMUM_REGIONS];
  size_t count = list_regions(now), i = 0, k = 0;
  uint64_t fresh_end = fresh + (length + PAGE - 1) / PAGE * PAGE;
  int code_changed = 0;
  for (uint64_t at = 0, next; at < 0x800000000000ul; at = next) {
    const region *old = region_with(regions, region_count, &i, at), *new = region_with(now, count, &k, at);
    next = 0x800000000000ul;
    const uint64_t borders[] = {fresh, fresh_end, i < region_count ? regions[i].start : next, i < region_count ? regions[i].end : next,
                                k < count ? now[k].start : next, k < count ? now[k].end : next};
    for (size_t b = 0; b < 6; b++)
      if (borders[b] > at && borders[b] < next) next = borders[b];
    int is_fresh = length && at >= fresh && at < fresh_end;
    if (old && (!new || is_fresh)) {
      told('U', at, next - at);
      forget(at, next);
      code_changed |= old->flags & EXECUTE;
    }
    if (!new) continue;
    if (!old || is_fresh) {
      announce(at, next, new);
      continue;
    }
    if ((old->flags ^ new->flags) & FLAGS_OF_MAP) {
      told('A', at, next - at);
      put32(new->flags & FLAGS_OF_MAP);
      code_changed |= (old->flags | new->flags) & EXECUTE;
    }
    int revealed = (new->flags & READ) && !(old->flags & READ);
    if (revealed || (new->flags & (READ | WRITE)) == (READ | WRITE) || (new->flags & (READ | SHARED)) == (READ | SHARED))
      compare_pages(at, next, new->flags, revealed && !(new->flags & ANONYMOUS), CHANGED);
  }
  memcpy(regions, now, count * sizeof *now);
  region_count = count;
  return code_changed != 0;
}

int may_change(uint64_t address) {
  for (size_t i = 0; i < region_count; i++)
    if (address >= regions[i].start && address < regions[i].end) return (regions[i].flags & (WRITE | SHARED)) != 0;
  return 0;
}
