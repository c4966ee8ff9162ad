/* Asks this kernel's binfmt_misc, in a user and mount namespace of its own: nothing registered here is seen outside.
   Reads commands from standard input, one a line, words in hexadecimal; prints one line for each:
     busy PATH (opens it for writing until the next busy; an empty path only closes)
     file PATH MODE UID GID CONTENT   cd PATH   copy FROM PATH MODE UID GID   link TARGET PATH
     write NAME BYTES      to the file NAME of binfmt_misc: "ok COUNT" or "errno N"
     try BYTES             registers, reads the entry and removes it: "text HEX" or "errno N"
     read NAME             "text HEX" or "errno N"
     exec PATH ARGUMENT... "exit N HEX" (what it printed), "signal N" or "errno N"
     exec-as UID PATH ARGUMENT...   the same as another user
     exec-fd FLAGS PATH ARGUMENT... execveat of an open file; FLAGS 1: it is close-on-exec
     exec-at FLAGS DIRECTORY PATH ARGUMENT... execveat below an open directory
     exec-flags AT_FLAGS PATH       execveat(AT_FDCWD, PATH, AT_FLAGS)
     exec-crowded UID PATH          execve after a change of user who has more processes than RLIMIT_NPROC
     space STACK PATH LENGTH...     execve under RLIMIT_STACK (0: unlimited) with environment strings of these lengths
     count STACK PATH COUNT         execve with COUNT empty environment strings
   MODE, UID and numbers are decimal words. Files live on a fresh tmpfs at /mnt; /mnt/binfmt is the mount.
   Build: gcc -O1 -o binfmt-misc binfmt-misc.c */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int digit(int c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* Decodes a word in place; returns its length. "-" is the empty word. */
static size_t decode(char *word)
{
    size_t length = strcmp(word, "-") == 0 ? 0 : strlen(word) / 2;
    for (size_t i = 0; i < length; i++)
        word[i] = digit(word[2 * i]) << 4 | digit(word[2 * i + 1]);
    word[length] = 0;
    return length;
}

static void print_hex(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", (unsigned char)bytes[i]);
}

static int open_entry(const char *name, int flags)
{
    char path[4400];
    snprintf(path, sizeof path, "/mnt/binfmt/%s", name);
    return open(path, flags | O_CLOEXEC);
}

static void write_entry(const char *name, const char *bytes, size_t length)
{
    int file = open_entry(name, O_WRONLY);
    ssize_t done = file < 0 ? -1 : write(file, bytes, length);
    if (done < 0)
        printf("errno %d\n", errno);
    else
        printf("ok %zd\n", done);
    if (file >= 0)
        close(file);
}

static void read_entry(const char *name)
{
    char text[8192];
    int file = open_entry(name, O_RDONLY);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text);
    if (got < 0)
        printf("errno %d\n", errno);
    else {
        printf("text ");
        print_hex(text, got);
        puts("");
    }
    if (file >= 0)
        close(file);
}

static void try_registration(char *bytes, size_t length)
{
    int file = open_entry("register", O_WRONLY);
    ssize_t done = write(file, bytes, length);
    int error = errno;
    close(file);
    if (done < 0) {
        printf("errno %d\n", error);
        return;
    }
    char *name = bytes + 1, *end = strchr(name, bytes[0]);
    *end = 0;
    read_entry(name);
    file = open_entry(name, O_WRONLY);
    if (write(file, "-1", 2) != 2)
        exit(1);
    close(file);
}

static void put_file(const char *path, const char *mode, const char *uid, const char *gid, const char *bytes, size_t length)
{
    unlink(path);
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0700);
    int done = file >= 0 && write(file, bytes, length) == (ssize_t)length && fchown(file, atoi(uid), atoi(gid)) == 0 &&
               fchmod(file, atoi(mode)) == 0;
    close(file);
    puts(done ? "ok" : strerror(errno));
}

typedef struct { const char *kind, *path, *directory; int flags, uid; unsigned long stack; char **argv, **envp; } Start;

/* Another process of the user, which lives as long as the caller: RLIMIT_NPROC counts it. */
static int start_neighbour(int uid)
{
    int ready[2];
    char byte = 0;
    if (pipe(ready) != 0)
        return -1;
    if (fork() == 0) {
        if (setuid(uid) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (int i = 0; i < 120; i++)
            close(i);
        for (;;)
            pause();
    }
    close(ready[1]);
    int result = read(ready[0], &byte, 1) == 1 ? 0 : -1;
    close(ready[0]);
    return result;
}

/* Returns only when nothing was started: 0 when execveat only checked (AT_EXECVE_CHECK), else an error number. */
static int in_child(const Start *start)
{
    long answer;
    int file;
    if (start->stack != ~0ul) {
        struct rlimit limit = { start->stack ? start->stack : RLIM_INFINITY, RLIM_INFINITY };
        if (setrlimit(RLIMIT_STACK, &limit) != 0)
            return errno;
    }
    if (strcmp(start->kind, "exec-crowded") == 0) {
        struct rlimit limit = { 0, 0 };
        if (start_neighbour(start->uid) != 0 || setrlimit(RLIMIT_NPROC, &limit) != 0)
            return errno;
    }
    if (start->uid && (setgid(start->uid) != 0 || setuid(start->uid) != 0))
        return errno;
    if (strcmp(start->kind, "exec-fd") == 0 || strcmp(start->kind, "exec-at") == 0) {
        int below = start->directory != 0;
        file = open(below ? start->directory : start->path, (below ? O_RDONLY : O_PATH) | (start->flags & 1 ? O_CLOEXEC : 0));
        answer = syscall(SYS_execveat, file, below ? start->path : "", start->argv, start->envp, below ? 0 : AT_EMPTY_PATH);
    } else if (strcmp(start->kind, "exec-flags") == 0)
        answer = syscall(SYS_execveat, AT_FDCWD, start->path, start->argv, start->envp, start->flags);
    else
        answer = execve(start->path, start->argv, start->envp);
    return answer == 0 ? 0 : errno;
}

static void start_program(const Start *start)
{
    int report[2], output[2], error = 0, status;
    static char text[65536];
    size_t length = 0;
    ssize_t got;
    fflush(stdout);
    if (pipe2(report, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        alarm(30);
        personality(ADDR_NO_RANDOMIZE);
        /* High numbers, so that descriptor 3 is the lowest free one of every program. */
        int high = fcntl(report[1], F_DUPFD_CLOEXEC, 100);
        dup2(output[1], 1);
        for (int i = 3; i < 100; i++)
            close(i);
        error = in_child(start);
        _exit(write(high, &error, sizeof error) == sizeof error ? 127 : 126);
    }
    close(report[1]);
    close(output[1]);
    while (length < sizeof text && (got = read(output[0], text + length, sizeof text - length)) > 0)
        length += got;
    int refused = read(report[0], &error, sizeof error) == sizeof error;
    close(report[0]);
    close(output[0]);
    if (waitpid(child, &status, 0) != child)
        exit(1);
    if (refused)
        printf("errno %d\n", error);
    else if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else {
        printf("exit %d ", WEXITSTATUS(status));
        print_hex(text, length);
        puts("");
    }
}

static void obey(char *line)
{
    char *words[4096], *argv[4096], *none[] = { 0 };
    size_t lengths[4096];
    int count = 0;
    for (char *word = strtok(line, " \n"); word && count < 4095; word = strtok(0, " \n"))
        words[count++] = word;
    for (int i = 1; i < count; i++)
        lengths[i] = decode(words[i]);
    words[count] = 0;
    const char *verb = words[0];
    if (strcmp(verb, "cd") == 0)
        puts(chdir(words[1]) == 0 ? "ok" : strerror(errno));
    else if (strcmp(verb, "mkdir") == 0)
        puts(mkdir(words[1], 0755) == 0 ? "ok" : strerror(errno));
    else if (strcmp(verb, "busy") == 0) {
        static int busy = -1;
        close(busy);
        busy = words[1][0] ? open(words[1], O_WRONLY | O_CLOEXEC) : -1;
        puts("ok");
    } else if (strcmp(verb, "link") == 0)
        puts(symlink(words[1], words[2]) == 0 ? "ok" : strerror(errno));
    else if (strcmp(verb, "unlink") == 0)
        puts(unlink(words[1]) == 0 ? "ok" : strerror(errno));
    else if (strcmp(verb, "file") == 0)
        put_file(words[1], words[2], words[3], words[4], words[5], lengths[5]);
    else if (strcmp(verb, "copy") == 0) {
        static char bytes[1 << 20];
        int from = open(words[1], O_RDONLY | O_CLOEXEC);
        ssize_t got = read(from, bytes, sizeof bytes);
        close(from);
        put_file(words[2], words[3], words[4], words[5], bytes, got < 0 ? 0 : got);
    } else if (strcmp(verb, "write") == 0)
        write_entry(words[1], words[2], lengths[2]);
    else if (strcmp(verb, "try") == 0)
        try_registration(words[1], lengths[1]);
    else if (strcmp(verb, "read") == 0)
        read_entry(words[1]);
    else if (strcmp(verb, "space") == 0 || strcmp(verb, "count") == 0) {
        int strings = strcmp(verb, "count") == 0 ? atoi(words[3]) : count - 3;
        char **envp = calloc(strings + 1, sizeof *envp);
        for (int i = 0; i < strings; i++) {
            size_t length = strcmp(verb, "count") == 0 ? 0 : strtoul(words[3 + i], 0, 10);
            envp[i] = memset(calloc(length + 1, 1), 'e', length);
        }
        char *empty[] = { "", 0 };
        Start start = { verb, words[2], 0, 0, 0, strtoul(words[1], 0, 10), empty, envp };
        start_program(&start);
        for (int i = 0; i < strings; i++)
            free(envp[i]);
        free(envp);
    } else {
        int below = strcmp(verb, "exec-at") == 0, plain = strcmp(verb, "exec") == 0;
        int path = plain ? 1 : below ? 3 : 2, first = path + 1;
        Start start = { verb, words[path], below ? words[2] : 0, plain ? 0 : atoi(words[1]), 0, ~0ul, argv, none };
        if (strcmp(verb, "exec-as") == 0 || strcmp(verb, "exec-crowded") == 0)
            start.uid = atoi(words[1]);
        for (int i = first; i <= count; i++)
            argv[i - first] = words[i];
        start_program(&start);
    }
}

static void map_identities(pid_t child, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    int file = open(path, O_WRONLY);
    if (file < 0 || write(file, "0 0 65536", 9) != 9)
        exit(3);
    close(file);
}

int main(void)
{
    int ready[2], mapped[2], status;
    char byte = 0;
    if (pipe(ready) != 0 || pipe(mapped) != 0)
        return 1;
    pid_t child = fork();
    if (child != 0) {
        close(ready[1]);
        if (read(ready[0], &byte, 1) != 1)
            return 3;
        map_identities(child, "uid_map");
        map_identities(child, "gid_map");
        return write(mapped[1], &byte, 1) == 1 && waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 1;
    }
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || write(ready[1], &byte, 1) != 1 || read(mapped[0], &byte, 1) != 1)
        return 3;
    if (setuid(0) != 0 || setgid(0) != 0 || mount("none", "/mnt", "tmpfs", 0, "mode=0755") != 0 ||
        mkdir("/mnt/binfmt", 0755) != 0 || mount("none", "/mnt/binfmt", "binfmt_misc", 0, 0) != 0)
        return 3;
    for (int i = 3; i < 10; i++)
        close(i);
    umask(0);
    char *line = 0;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0)
        obey(line);
    return 0;
}
