/* Executes each path given on the command line and prints what came of it: "errno N", "signal N" or "exit N", one line each.
   Build: gcc -O1 -o run-execve run-execve.c */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        int report[2], error = 0, status;
        if (pipe2(report, O_CLOEXEC) != 0)
            return 1;
        pid_t child = fork();
        if (child == 0) {
            char *arguments[] = { argv[i], "argument", 0 }, *environment[] = { 0 };
            alarm(5);
            execve(argv[i], arguments, environment);
            error = errno;
            _exit(write(report[1], &error, sizeof error) == sizeof error ? 127 : 126);
        }
        close(report[1]);
        ssize_t got = read(report[0], &error, sizeof error);
        close(report[0]);
        if (waitpid(child, &status, 0) != child)
            return 1;
        if (got == sizeof error)
            printf("errno %d\n", error);
        else if (WIFSIGNALED(status))
            printf("signal %d\n", WTERMSIG(status));
        else
            printf("exit %d\n", WEXITSTATUS(status));
    }
    return 0;
}
