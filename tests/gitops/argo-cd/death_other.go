//go:build !linux

package main

import "syscall"

// dieWithParent has nothing to offer elsewhere: there only the end of stdin ends the children.
func dieWithParent(*syscall.SysProcAttr) {}
