package main

import (
	"context"
	"path/filepath"
	"strings"
)

// installCRDs creates what the files (or folders) hold, and waits until it is served.
//
// It is for the garbage collector's sake, which looks for new kinds every 30 s and no flag changes
// that: a kind that is there when it starts is known at once, and what such an object owns goes
// within a moment of it. For a kind that comes later the first collection takes over 40 s.
func (p *plane) installCRDs(ctx context.Context) error {
	if len(p.crds) == 0 {
		return nil
	}
	files := "--filename=" + strings.Join(p.crds, ",")
	if err := p.kubectl(ctx, "create", files); err != nil {
		return err
	}
	return p.kubectl(ctx, "wait", "--for=condition=Established", "--timeout="+waitTimeout.String(), files)
}

// kubectl runs one command to its end.
func (p *plane) kubectl(ctx context.Context, arguments ...string) error {
	// The cache of discovery would go to the user's home, for a port that will never be seen again.
	ours := []string{"--kubeconfig=" + kubeconfigFile, "--cache-dir=kubectl-cache"}
	command, err := p.child("kubectl", p.programs.kubectl, append(ours, arguments...))
	if err != nil {
		return err
	}
	select {
	case <-command.ended:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	if command.state != nil {
		return command.fall()
	}
	return nil
}

// absolute makes paths independent of the working folder.
func absolute(paths []string) ([]string, error) {
	made := make([]string, len(paths))
	for i, path := range paths {
		var err error
		if made[i], err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	return made, nil
}
