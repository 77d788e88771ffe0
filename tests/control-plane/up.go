package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/spf13/cobra"
)

// portAttempts is how often another port is tried when somebody was quicker to take the one found.
const portAttempts = 5

// options are what the command line says.
type options struct {
	dir         string
	controllers []string
	crds        []string
	audit       bool
	noStdin     bool
}

// ready is the line that `up` prints when tests can begin. Its paths are absolute.
type ready struct {
	Kubeconfig string `json:"kubeconfig"`
	Server     string `json:"server"`
	AuditLog   string `json:"auditLog"`
	Token      string `json:"token"`
	CAFile     string `json:"caFile"`
}

func upCommand() *cobra.Command {
	var o options
	command := &cobra.Command{
		Use:   "up --dir DIR",
		Short: "Run a control plane until stdin ends or SIGTERM",
		Long: `Starts etcd, kube-apiserver and kube-controller-manager with fresh data in DIR, prints one line of
JSON (kubeconfig, server, auditLog, token, caFile) to stdout when tests can begin, and runs until
its stdin ends or it gets SIGTERM or SIGINT. Then no process of it is left.

Where KUBEBUILDER_ASSETS names a folder with etcd and kube-apiserver, those are run.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return up(o) },
	}
	flags := command.Flags()
	flags.StringVar(&o.dir, "dir", "", "folder for data, logs and kubeconfig; made if missing, earlier data in it is removed")
	flags.StringSliceVar(&o.controllers, "controllers", nil, "controllers to run besides the default ones, such as deployment-controller,replicaset-controller")
	flags.StringSliceVar(&o.crds, "crds", nil, "files or folders of CRDs to create before the controllers start, which the garbage collector then knows from the start")
	flags.BoolVar(&o.audit, "audit", true, "write an audit log")
	flags.BoolVar(&o.noStdin, "no-stdin", false, "run detached until SIGTERM, whatever becomes of stdin and the terminal")
	_ = command.MarkFlagRequired("dir") // fails only for a flag that does not exist
	return command
}

func up(o options) error {
	// All children are started from this goroutine, and it never gives its thread back: see
	// dieWithParent.
	runtime.LockOSThread()

	p := plane{options: o}
	defer p.end()
	return p.run(untilTold(context.Background(), !o.noStdin))
}

// plane is a control plane that comes up.
type plane struct {
	options
	programs programs
	tokens   tokens
	children []*child
	server   string // the URL, known when a port was found
	client   *client
}

// end ends what was started, and frees the 120 MB that etcd reserves on disk. Logs stay.
func (p *plane) end() {
	// Without a child of ours the data may be that of another control plane in the same folder.
	if len(p.children) > 0 {
		stop(p.children)
		_ = os.RemoveAll(etcdDataDir) // what is left is removed at the next start
	}
}

// run brings everything up, says so on stdout, and returns when it is told to end; an error when that
// is before it was up, or when anything fails. From each child on the context is one that ends with
// this child too.
func (p *plane) run(ctx context.Context) error {
	var err error
	if p.programs, err = findPrograms(); err != nil {
		return err
	}
	if p.crds, err = absolute(p.crds); err != nil {
		return err
	}
	dir, err := enter(p.dir)
	if err != nil {
		return err
	}
	if p.tokens, err = writeCredentials(); err != nil {
		return err
	}

	etcd, err := p.child("etcd", p.programs.etcd, etcdArguments())
	if err != nil {
		return err
	}
	ctx = etcd.whileAlive(ctx)
	if err := etcdAccepts(ctx); err != nil {
		return err
	}

	if ctx, err = p.startAPIServer(ctx); err != nil {
		return err
	}

	if err := p.installCRDs(ctx); err != nil {
		return err
	}

	if err := writeKubeconfig(controllersKubeconfigFile, p.server, controllersUser, p.tokens.controllers); err != nil {
		return err
	}
	controllers, err := p.child("kube-controller-manager", p.programs.controllerManager, controllerManagerArguments(p.controllers))
	if err != nil {
		return err
	}
	ctx = controllers.whileAlive(ctx)
	// Without it no Pod can be made in the namespace. It is the controllers who make it, so they run
	// by then.
	if err := p.client.finds(ctx, "/api/v1/namespaces/default/serviceaccounts/default"); err != nil {
		return err
	}

	line := ready{
		Kubeconfig: filepath.Join(dir, kubeconfigFile),
		Server:     p.server,
		Token:      p.tokens.admin,
		CAFile:     filepath.Join(dir, caFile),
	}
	if p.audit {
		line.AuditLog = filepath.Join(dir, auditLogFile)
	}
	if err := json.NewEncoder(os.Stdout).Encode(line); err != nil {
		return err
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errTold) {
		return cause
	}
	return nil
}

// enter makes the folder, makes sure that no other control plane uses it, takes away what an earlier
// one left, and makes it the working folder. Everything after that, the children too, uses relative
// paths: the path of a unix socket may have 108 bytes at most, and folders of tests are deeper.
func enter(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := os.Chdir(dir); err != nil {
		return "", err
	}
	if err := lock(); err != nil {
		return "", fmt.Errorf("another control plane runs in %s: %w", dir, err)
	}
	for _, old := range []string{etcdDataDir, etcdClientSocket, etcdPeerSocket, auditLogFile, kubeconfigFile} {
		if err := os.RemoveAll(old); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// lock locks the working folder for as long as this process lives.
func lock() error {
	// Not closed, because that would unlock it, and not an os.File, which closes itself when it is
	// collected as garbage.
	file, err := syscall.Open("lock", syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o600)
	if err != nil {
		return err
	}
	return syscall.Flock(file, syscall.LOCK_EX|syscall.LOCK_NB)
}

// startAPIServer starts the API server and waits until it is ready.
func (p *plane) startAPIServer(ctx context.Context) (context.Context, error) {
	if err := os.WriteFile(auditPolicyFile, auditPolicy, 0o600); err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		p.server = fmt.Sprintf("https://127.0.0.1:%d", port)
		if err := writeKubeconfig(kubeconfigFile, p.server, adminUser, p.tokens.admin); err != nil {
			return nil, err
		}
		if p.client, err = newClient(p.server, p.tokens.admin); err != nil {
			return nil, err
		}
		server, err := p.child("kube-apiserver", p.programs.apiServer, apiServerArguments(port, p.audit))
		if err != nil {
			return nil, err
		}
		alive := server.whileAlive(ctx)
		err = p.client.finds(alive, "/readyz")
		if err == nil || attempt == portAttempts || !portTaken(server) {
			return alive, err
		}
	}
}

// child starts a child that is ended with us.
func (p *plane) child(name string, command program, arguments []string) (*child, error) {
	started, err := startChild(name, command, arguments)
	if err == nil {
		p.children = append(p.children, started)
	}
	return started, err
}
