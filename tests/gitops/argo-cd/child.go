package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"syscall"
	"time"
)

// patience is how long the children may take over their farewells: nothing of theirs is worth more.
const patience = 2 * time.Second

// child is one of Argo CD's programs.
type child struct {
	name    string
	log     string
	process *os.Process
	// ended is closed when it is gone.
	ended chan struct{}
}

// start starts one of Argo CD's programs, which this binary has as subcommands; its output goes to
// DIR/<name>.log.
func start(dir, kubeconfig, name string, arguments []string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name+".log")
	log, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	command := exec.Command(self, append([]string{name}, arguments...)...)
	command.Dir = dir
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(),
		"KUBECONFIG="+kubeconfig,
		// https://kubernetes.default.svc in an Application is the cluster of the kubeconfig.
		"ARGOCD_FAKE_IN_CLUSTER=true",
		"ARGOCD_GPG_ENABLED=false",
		// Relative, for the path of a socket may not be long.
		"ARGOCD_ASK_PASS_SOCK=ask-pass.sock",
		"TMPDIR="+filepath.Join(dir, "tmp"),
		"HOME="+dir, // git's settings are those of this run
		// Beside this binary is a script that it calls for each commit.
		"PATH="+filepath.Dir(self)+string(os.PathListSeparator)+os.Getenv("PATH"),
	)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(command.SysProcAttr)
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &child{name: name, log: path, process: command.Process, ended: make(chan struct{})}
	go func() {
		_ = command.Wait() // how it ended is in its log
		close(c.ended)
	}()
	return c, nil
}

// fall says that it ended unasked.
func (c *child) fall() error {
	return fmt.Errorf("%s ended unexpectedly; its log is %s", c.name, c.log)
}

// untilOneFalls waits for the end that was asked for, or for one that was not.
func untilOneFalls(ctx context.Context, children []*child) error {
	cases := []reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())}}
	for _, c := range children {
		cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(c.ended)})
	}
	chosen, _, _ := reflect.Select(cases)
	if chosen == 0 {
		return nil
	}
	return children[chosen-1].fall()
}

// stop ends all of them, the last first.
func stop(children []*child) {
	impatience := time.AfterFunc(patience, func() {
		for _, c := range children {
			_ = c.process.Kill()
		}
	})
	defer impatience.Stop()
	for _, c := range slices.Backward(children) {
		_ = c.process.Signal(syscall.SIGTERM) // an error: it is gone already
		<-c.ended
	}
}
