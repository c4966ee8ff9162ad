/* Executes cases and prints what the kernel did with each: refusal, end, or the whole state before the first instruction.
   Usage: run-cases FILE. FILE holds words that each end in a NUL; the first character of a word says what the rest is:
     p PATH   program              a TEXT   argument             A N   argument of N times 'x'
     e TEXT   environment entry    E N      entry of N times 'x' n     argv is a null pointer
     s N, v N, d N   soft RLIMIT_STACK, RLIMIT_AS, RLIMIT_DATA in bytes, -1 for unlimited
     u        as an unprivileged user (as it is when the runner has no privileges)
     w PATH   this file is open for writing meanwhile
     q PATH   this directory is mounted noexec for the program
     c PATH   working directory    r   with address randomisation  t N   stop before the first instruction and print
                                                                         the state, the content of N pages an area at most
     x        execute
   Output: one "outcome" line a case: "errno N", "signal N", "exit N", "started" (traced) or "unavailable WHY"; behind
   "started" the state, one word a line. Build: gcc -O1 -o run-cases run-cases.c */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, WORDS = PAGE / 4, MAXIMUM_STRINGS = 400000, NOBODY = 65534, UNAVAILABLE = 100000 };

struct run {
    const char *path, *busy, *noexec, *directory;
    char **arguments, **environment;
    long argument_count, environment_count, content_pages;
    const char *stack_limit, *space_limit, *data_limit;
    int null_arguments, unprivileged, randomised, traced;
};

static char *repeated(const char *count)
{
    size_t length = strtoul(count, 0, 10);
    char *text = malloc(length + 1);
    memset(text, 'x', length);
    text[length] = 0;
    return text;
}

static void limit(int resource, const char *bytes)
{
    struct rlimit both;
    if (bytes == 0)
        return;
    getrlimit(resource, &both);
    both.rlim_cur = strtoul(bytes, 0, 10);
    if (bytes[0] == '-')
        both.rlim_cur = RLIM_INFINITY;
    setrlimit(resource, &both);
}

static void write_text(const char *path, const char *text)
{
    int file = open(path, O_WRONLY);
    if (file < 0 || write(file, text, strlen(text)) < 0)
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
    close(file);
}

/* A user namespace in which this user keeps its number, with the right to mount. */
static int enter_user_namespace(void)
{
    char users[64], groups[64];
    snprintf(users, sizeof users, "%d %d 1", (int)geteuid(), (int)geteuid());
    snprintf(groups, sizeof groups, "%d %d 1", (int)getegid(), (int)getegid());
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return -1;
    write_text("/proc/self/setgroups", "deny");
    write_text("/proc/self/uid_map", users);
    write_text("/proc/self/gid_map", groups);
    return 0;
}

/* Makes the directory noexec in a mount namespace of this process; needs root or user namespaces. */
static int forbid_execution(const char *directory)
{
    if (unshare(CLONE_NEWNS) != 0 && enter_user_namespace() != 0)
        return -1;
    if (mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) != 0 || mount(directory, directory, 0, MS_BIND, 0) != 0)
        return -1;
    return mount(0, directory, 0, MS_REMOUNT | MS_BIND | MS_NOEXEC, 0);
}

/* In the child. Returns the error to report; does not return when the program starts. */
static int execute(const struct run *run)
{
    if (run->directory && chdir(run->directory) != 0)
        return UNAVAILABLE + errno;
    if (run->noexec && forbid_execution(run->noexec) != 0)
        return UNAVAILABLE + errno;
    if (run->unprivileged && geteuid() == 0
        && (setgroups(0, 0) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0))
        return UNAVAILABLE + errno;
    if (run->busy && open(run->busy, O_WRONLY) < 0)
        return UNAVAILABLE + errno;
    personality(run->randomised ? 0 : ADDR_NO_RANDOMIZE);
    alarm(20);
    if (run->traced)
        ptrace(PTRACE_TRACEME, 0, 0, 0);
    limit(RLIMIT_STACK, run->stack_limit);
    limit(RLIMIT_DATA, run->data_limit);
    limit(RLIMIT_AS, run->space_limit);
    char **arguments = run->null_arguments ? 0 : run->arguments;
    execve(run->path, arguments, run->environment);
    return errno;
}

static int open_proc(pid_t child, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static void print_hex(const unsigned char *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        putchar(digits[bytes[i] >> 4]);
        putchar(digits[bytes[i] & 15]);
    }
}

/* Two 32-bit hashes of a page, simple enough to be computed in JavaScript too. */
static void print_page_hash(const uint32_t *words)
{
    uint32_t a = 1, b = 2;
    for (int i = 0; i < WORDS; i++) {
        a = (a ^ words[i]) * 0x01000193u;
        b = (b + words[i]) * 0x85ebca6bu;
        b = b << 13 | b >> 19;
    }
    printf("%08x%08x", a, b);
}

static void print_content(int memory, uint64_t start, uint64_t end, long pages)
{
    uint32_t words[WORDS];
    printf("content %lx ", (unsigned long)start);
    for (uint64_t page = start; page < end && pages-- > 0; page += PAGE)
        if (pread(memory, words, PAGE, (off_t)page) == PAGE)
            print_page_hash(words);
        else
            printf("----------------");
    putchar('\n');
}

static void print_stack(int memory, uint64_t from, uint64_t to)
{
    unsigned char *bytes = malloc(to - from);
    if (pread(memory, bytes, to - from, (off_t)from) == (ssize_t)(to - from)) {
        printf("stack ");
        print_hex(bytes, to - from);
        putchar('\n');
    }
    free(bytes);
}

static void print_registers(const struct user_regs_struct *r, const struct user_fpregs_struct *f)
{
    const struct { const char *name; unsigned long long value; } rows[] = {
        { "rax", r->rax }, { "rbx", r->rbx }, { "rcx", r->rcx }, { "rdx", r->rdx }, { "rsi", r->rsi }, { "rdi", r->rdi },
        { "rbp", r->rbp }, { "rsp", r->rsp }, { "r8", r->r8 }, { "r9", r->r9 }, { "r10", r->r10 }, { "r11", r->r11 },
        { "r12", r->r12 }, { "r13", r->r13 }, { "r14", r->r14 }, { "r15", r->r15 }, { "rip", r->rip },
        { "rflags", r->eflags }, { "cs", r->cs }, { "ss", r->ss }, { "ds", r->ds }, { "es", r->es }, { "fs", r->fs },
        { "gs", r->gs }, { "fs_base", r->fs_base }, { "gs_base", r->gs_base }, { "fcw", f->cwd }, { "mxcsr", f->mxcsr },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        printf("register %s %llx\n", rows[i].name, rows[i].value);
}

/* memory: /proc/PID/mem, open. */
static void print_state(pid_t child, int memory, long content_pages)
{
    struct user_regs_struct registers;
    struct user_fpregs_struct floating;
    unsigned char vector[4096];
    char line[8192];
    ptrace(PTRACE_GETREGS, child, 0, &registers);
    ptrace(PTRACE_GETFPREGS, child, 0, &floating);
    print_registers(&registers, &floating);
    int auxv = open_proc(child, "auxv");
    ssize_t length = read(auxv, vector, sizeof vector);
    printf("auxv ");
    print_hex(vector, length > 0 ? (size_t)length : 0);
    FILE *stat = fdopen(open_proc(child, "stat"), "r"), *maps = fdopen(open_proc(child, "maps"), "r");
    printf("\nstat %s", fgets(line, sizeof line, stat) ? line : "\n");
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        printf("map %s", line);
        sscanf(line, "%lx-%lx", &start, &end);
        if (registers.rsp >= start && registers.rsp < end)
            print_stack(memory, registers.rsp, end);
        if (content_pages > 0 && !strstr(line, "[v"))
            print_content(memory, start, end, content_pages);
    }
    fclose(stat);
    fclose(maps);
    close(auxv);
}

static void print_end(int status)
{
    if (WIFSIGNALED(status))
        printf("outcome signal %d\n", WTERMSIG(status));
    else
        printf("outcome exit %d\n", WEXITSTATUS(status));
}

/* A stop by SIGTRAP is the start of the program; another signal is the death of one that failed late. */
static void follow(pid_t child, const struct run *run)
{
    int status;
    if (waitpid(child, &status, 0) != child)
        exit(1);
    if (!WIFSTOPPED(status)) {
        print_end(status);
        return;
    }
    if (WSTOPSIG(status) == SIGTRAP) {
        /* A program that may not be read hides from an unprivileged tracer. */
        int memory = open_proc(child, "mem"), maps = open_proc(child, "maps");
        printf(memory < 0 || maps < 0 ? "outcome unavailable: it may not be read\n" : "outcome started\n");
        if (memory >= 0 && maps >= 0)
            print_state(child, memory, run->content_pages);
        close(memory);
        close(maps);
    } else {
        printf("outcome signal %d\n", WSTOPSIG(status));
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
}

static void perform(const struct run *run)
{
    int report[2], error = 0;
    fflush(stdout);
    if (pipe2(report, O_CLOEXEC) != 0)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        error = execute(run);
        _exit(write(report[1], &error, sizeof error) == sizeof error ? 127 : 126);
    }
    close(report[1]);
    ssize_t got = read(report[0], &error, sizeof error);
    close(report[0]);
    if (got != sizeof error) {
        follow(child, run);
        return;
    }
    waitpid(child, 0, 0);
    if (error >= UNAVAILABLE)
        printf("outcome unavailable %s\n", strerror(error - UNAVAILABLE));
    else
        printf("outcome errno %d\n", error);
}

static void take(struct run *run, char *word)
{
    char *value = word + 1;
    switch (word[0]) {
    case 'p': run->path = value; break;
    case 'a': run->arguments[run->argument_count++] = value; break;
    case 'A': run->arguments[run->argument_count++] = repeated(value); break;
    case 'e': run->environment[run->environment_count++] = value; break;
    case 'E': run->environment[run->environment_count++] = repeated(value); break;
    case 'n': run->null_arguments = 1; break;
    case 's': run->stack_limit = value; break;
    case 'v': run->space_limit = value; break;
    case 'd': run->data_limit = value; break;
    case 'u': run->unprivileged = 1; break;
    case 'w': run->busy = value; break;
    case 'q': run->noexec = value; break;
    case 'c': run->directory = value; break;
    case 'r': run->randomised = 1; break;
    case 't': run->traced = 1; run->content_pages = strtol(value, 0, 10); break;
    case 'x': perform(run); break;
    default: exit(2);
    }
}

int main(int argc, char **argv)
{
    FILE *file = argc == 2 ? fopen(argv[1], "re") : 0;
    if (file == 0)
        return 2;
    fseek(file, 0, SEEK_END);
    size_t length = (size_t)ftell(file);
    char *text = malloc(length + 1);
    rewind(file);
    if (fread(text, 1, length, file) != length)
        return 1;
    char **arguments = malloc(MAXIMUM_STRINGS * sizeof *arguments), **environment = malloc(MAXIMUM_STRINGS * sizeof *environment);
    struct run run = { 0 };
    for (char *word = text; word < text + length; word += strlen(word) + 1) {
        if (run.arguments == 0)
            run.arguments = arguments, run.environment = environment;
        take(&run, word);
        arguments[run.argument_count] = environment[run.environment_count] = 0;
        if (word[0] == 'x')
            run = (struct run){ 0 };
    }
    return 0;
}
