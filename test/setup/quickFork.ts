import { execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { findOnPath } from '../../infra/local/tools.ts';

/**
 * Node starts programs by `fork`: the kernel copies the page tables of the whole process, and drops the copy a moment later,
 * as the program begins. Of a worker of half a gigabyte that is tens of milliseconds of a core at each start of ffmpeg, and
 * the worker stands still. A `vfork` copies nothing: the child has the memory of its parent, which waits for the program
 * to begin.
 *
 * All that libuv does in the child is system calls and `execvp`, but for one thing: it hands over the environment by `environ`,
 * which here is the parent's too. So it is given back, and one thread starts a program at a time. The return address is kept
 * in a register: what the child calls next is written over it.
 */
const CODE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
extern char **environ;
static char begins;
__attribute__((used)) static char isNode;
__attribute__((used)) static void *whole;

__attribute__((constructor)) static void load(void) {
  whole = dlsym(RTLD_NEXT, "fork");
  /* Others, such as a shell, go on as they are in the child. */
  isNode = strcmp(program_invocation_short_name, "node") == 0;
  /* Not for what this program starts. */
  unsetenv("LD_PRELOAD");
}

__attribute__((used)) static void begin(void) {
  while (__atomic_test_and_set(&begins, __ATOMIC_ACQUIRE)) sched_yield();
}

__attribute__((used)) static long end(long result, char **own) {
  environ = own;
  __atomic_clear(&begins, __ATOMIC_RELEASE);
  if (result > 0) return result;
  errno = -result;
  return -1;
}

__asm__(
  ".globl fork\\n.type fork, @function\\nfork:\\n"
  "cmpb $0, isNode(%rip)\\n je 1f\\n"
  "sub $8, %rsp\\n call begin\\n add $8, %rsp\\n"
  "mov environ@GOTPCREL(%rip), %rax\\n mov (%rax), %rsi\\n"
  "pop %rdx\\n mov $58, %eax\\n syscall\\n push %rdx\\n"
  "test %rax, %rax\\n je 2f\\n"
  "mov %rax, %rdi\\n sub $8, %rsp\\n call end\\n add $8, %rsp\\n"
  "2: ret\\n"
  "1: jmp *whole(%rip)\\n"
  ".size fork, . - fork\\n"
);
`;
const CACHE = path.resolve(import.meta.dirname, '../../node_modules/.cache/quick-fork');
/** The system call above is this processor's. */
export const CAN_FORK_QUICKLY =
  process.platform === 'linux' && process.arch === 'x64' && findOnPath('gcc') !== undefined;

/**
 * Workers, which begin after this, start programs quickly, where that can be. It is the last set-up: to others' programs
 * the library would be one of their own.
 */
export function setup(): void {
  if (!CAN_FORK_QUICKLY || process.env.LD_PRELOAD !== undefined) return;
  try {
    process.env.LD_PRELOAD = quickFork(CACHE);
  } catch (error) {
    console.error('programs start as slowly in these tests as Node starts them:', error);
  }
}

/** @returns the library, which takes itself out of the environment of the Node that it is loaded into */
export function quickFork(cache: string): string {
  const file = path.join(cache, `${createHash('sha256').update(CODE).digest('hex').slice(0, 16)}.so`);
  if (existsSync(file)) return file;
  mkdirSync(cache, { recursive: true });
  // Another run may make the same.
  const made = `${file}.${randomUUID()}`;
  execFileSync('gcc', ['-O2', '-shared', '-fPIC', '-x', 'c', '-', '-o', made, '-ldl'], { input: CODE });
  renameSync(made, file);
  return file;
}
