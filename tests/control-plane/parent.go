package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// errTold is the cause of an end that was asked for.
var errTold = errors.New("told to end")

// Who told.
var (
	errSignal = fmt.Errorf("%w by a signal", errTold)
	errStdin  = fmt.Errorf("%w: stdin is at its end", errTold)
)

// untilTold gives a context that ends, with cause errTold, when the parent wants us to end or is
// gone.
//
// The parent's sign of life is the pipe that it holds open as our stdin: the kernel closes it
// however the parent ends, SIGKILL included. The kernel's own parent-death signal would not do here,
// because it follows the thread that started us, and test runners end threads while they go on.
func untilTold(ctx context.Context, watchStdin bool) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)

	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-told
		cancel(errSignal)
	}()

	if watchStdin {
		go func() {
			// Nothing is expected on stdin; an error is as much an end as EOF is.
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel(errStdin)
		}()
	} else {
		detach()
	}
	return ctx
}

// detach leaves the terminal that we were started from, so that neither its Ctrl-C nor its closing
// ends us.
func detach() {
	signal.Ignore(syscall.SIGHUP)
	// It fails for the leader of a process group, which an interactive shell makes of its
	// background jobs; those get no Ctrl-C either.
	_, _ = syscall.Setsid()
}
