/*
 * Runs ffmpeg as a user of its own, to whom nothing belongs and whom no other process has: docs/decisions/ffmpeg-apart.md. Called
 * as ffmpeg is, by a process that may change its user.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROGRAM "/usr/bin/ffmpeg"
/* Above the users of the image. Of two processes that run, each has its own id, and so its own user. */
#define FIRST_USER 65536

/* As shells do: found, and cannot be executed. */
static int failed(const char *what) {
  perror(what);
  return 126;
}

int main(int argc, char **argv) {
  const uid_t user = FIRST_USER + getpid();
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
  /* Where memory is short, the kernel ends this one first. Nobody but its own user may say so later. */
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0 || write(score, "1000", 4) != 4) return failed("oom_score_adj");
  if (setgroups(0, NULL) != 0 || setresgid(user, user, user) != 0 || setresuid(user, user, user) != 0)
    return failed("user");
  if (syscall(SYS_capset, &header, none) != 0) return failed("capabilities");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return failed("no_new_privs");
  if (argc > 0) argv[0] = PROGRAM;
  execv(PROGRAM, argv);
  return failed(PROGRAM);
}
