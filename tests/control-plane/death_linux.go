package main

import "syscall"

// dieWithParent has the kernel kill the child when we are gone, even by SIGKILL, when no code of
// ours can run any more. The kernel watches the thread that started the child, not the process:
// the caller must hold that thread (runtime.LockOSThread) for as long as the process lives.
func dieWithParent(attributes *syscall.SysProcAttr) {
	attributes.Pdeathsig = syscall.SIGKILL
}
