/* Starts a program without address randomisation, stops it before its first instruction and prints rip, rsp, its maps and its
   auxiliary vector. Usage: entry-state PROGRAM [ARGUMENT...]; the environment is A=1. Build: gcc -O1 -o entry-state entry-state.c */
#include <stdint.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *open_proc(pid_t child, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child, name);
    return fopen(path, "r");
}

int main(int argc, char **argv)
{
    char *environment[] = { "A=1", 0 }, line[8192];
    uint64_t pair[2];
    struct user_regs_struct registers;
    int status;
    if (argc < 2)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        personality(ADDR_NO_RANDOMIZE);
        ptrace(PTRACE_TRACEME, 0, 0, 0);
        execve(argv[1], argv + 1, environment);
        _exit(127);
    }
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return 1;
    if (ptrace(PTRACE_GETREGS, child, 0, &registers) != 0)
        return 1;
    printf("rip %llx\nrsp %llx\n", registers.rip, registers.rsp);
    FILE *maps = open_proc(child, "maps"), *auxv = open_proc(child, "auxv");
    while (fgets(line, sizeof line, maps))
        printf("map %s", line);
    while (fread(pair, sizeof pair, 1, auxv) == 1 && pair[0] != 0)
        printf("auxv %llu %llx\n", (unsigned long long)pair[0], (unsigned long long)pair[1]);
    ptrace(PTRACE_KILL, child, 0, 0);
    waitpid(child, &status, 0);
    return 0;
}
