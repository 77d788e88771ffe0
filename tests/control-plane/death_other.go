//go:build !linux

package main

import "syscall"

// dieWithParent has nothing to offer elsewhere: there, a SIGKILL of `up` leaves the children, and
// only what `up` does when its stdin ends protects against that.
func dieWithParent(*syscall.SysProcAttr) {}
