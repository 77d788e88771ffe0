package main

import (
	"context"
	"fmt"
	"time"
)

const (
	pollInterval = 20 * time.Millisecond
	// waitTimeout is far above what anything here takes (see README.md), because a machine that
	// runs tests may have much else to do.
	waitTimeout = 3 * time.Minute
)

// wait tries until it succeeds. When the context ends first, the error is why it did.
func wait(ctx context.Context, what string, try func(context.Context) error) error {
	timeout := time.After(waitTimeout)
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-timeout:
			return fmt.Errorf("%s: not within %s: %w", what, waitTimeout, err)
		case <-time.After(pollInterval):
		}
	}
}
