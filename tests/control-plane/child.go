package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// patience is how long the children may take over their farewells before they are killed. Nothing
// in them is worth more: the data is thrown away at the next start.
const patience = 2 * time.Second

// child is one process of the control plane.
type child struct {
	name    string
	logPath string
	process *os.Process
	// ended is closed when the process is gone; only then may state be read.
	ended chan struct{}
	state error
}

// startChild starts a program, its output in <name>.log. To be called only from the goroutine that
// holds its thread for the life of this process (see dieWithParent).
func startChild(name string, command program, args []string) (*child, error) {
	// Absolute, because people are told of it.
	logPath, err := filepath.Abs(name + ".log")
	if err != nil {
		return nil, err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer log.Close()

	cmd := exec.Command(command[0], append(command[1:len(command):len(command)], args...)...)
	cmd.Env = environment()
	cmd.Stdout = log
	cmd.Stderr = log
	// A group of its own: Ctrl-C in a terminal reaches `up` only, which then ends its children.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("cannot start %s: %w", name, err)
	}

	c := &child{name: name, logPath: logPath, process: cmd.Process, ended: make(chan struct{})}
	go func() {
		c.state = cmd.Wait()
		close(c.ended)
	}()
	return c, nil
}

// environment is ours without ETCD_*, each of which etcd takes for one of its flags.
func environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "ETCD_") {
			kept = append(kept, variable)
		}
	}
	return kept
}

// whileAlive gives a context that ends also with the child, and then its cause says why.
func (c *child) whileAlive(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		<-c.ended
		cancel(c.fall())
	}()
	return ctx
}

// fall describes the unexpected end of a child, with the last words of its log.
func (c *child) fall() error {
	how := "exit status 0"
	if c.state != nil {
		how = c.state.Error()
	}
	return fmt.Errorf("%s ended unexpectedly: %s\n%s", c.name, how, c.lastWords())
}

// lastWords are the last lines of the child's log.
func (c *child) lastWords() string {
	const lines = 30
	text, err := os.ReadFile(c.logPath)
	if err != nil {
		return err.Error()
	}
	all := strings.Split(strings.TrimRight(string(text), "\n"), "\n")
	if len(all) > lines {
		all = all[len(all)-lines:]
	}
	return fmt.Sprintf("--- the end of %s\n%s\n---", c.logPath, strings.Join(all, "\n"))
}

// stop ends all children, the last first: an API server that finds etcd gone keeps trying until it
// is killed, one that is ended before etcd is gone at once.
func stop(children []*child) {
	impatience := time.AfterFunc(patience, func() {
		for _, c := range children {
			_ = c.process.Kill()
		}
	})
	defer impatience.Stop()
	for _, c := range slices.Backward(children) {
		// An error says that the process is gone already, which is what we want.
		_ = c.process.Signal(syscall.SIGTERM)
		<-c.ended
	}
}
