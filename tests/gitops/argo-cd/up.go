package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/spf13/cobra"
)

// argoNamespace is where it lives.
const argoNamespace = "argocd"

// running is the line that `up` prints when all is up.
type running struct {
	// Server is where Argo CD's API server answers, without a login.
	Server string `json:"server"`
}

// upCommand runs a whole Argo CD but for what nobody here uses (dex, notifications, ApplicationSets).
func upCommand() *cobra.Command {
	var dir, kubeconfig string
	command := &cobra.Command{
		Use:   "up --kubeconfig FILE --dir DIR",
		Short: "Run Argo CD in namespace argocd of a cluster until stdin ends or SIGTERM",
		Long: `Starts Argo CD's repo-server, application controller and API server, with a Redis inside this process,
and prints one line of JSON when they are up. The cluster must have Argo CD's CRDs and settings. Logs
are in DIR. All listen on loopback, but for the controller's metrics, which it puts on every interface.`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			// The children are to die with this thread, so it is held.
			runtime.LockOSThread()
			return up(untilTold(command.Context()), dir, kubeconfig, command.OutOrStdout())
		},
	}
	command.Flags().StringVar(&dir, "dir", "", "folder for logs and temporary files; made if missing")
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "the cluster that it runs for")
	_ = command.MarkFlagRequired("dir")
	_ = command.MarkFlagRequired("kubeconfig")
	return command
}

// untilTold ends with stdin, which the kernel closes however the parent ends, and by a signal.
func untilTold(ctx context.Context) context.Context {
	ctx, cancel := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}

func up(ctx context.Context, dir, kubeconfig string, out io.Writer) error {
	kubeconfig, err := filepath.Abs(kubeconfig)
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "tmp"), 0o755); err != nil {
		return err
	}
	redis, err := miniredis.Run()
	if err != nil {
		return err
	}
	defer redis.Close()

	ports, err := freePorts(5)
	if err != nil {
		return err
	}
	repo, repoMetrics, controllerMetrics, server, serverMetrics := ports[0], ports[1], ports[2], ports[3], ports[4]
	shared := []string{"--redis=" + redis.Addr(), "--logformat=text"}
	clients := append([]string{
		"--kubeconfig=" + kubeconfig,
		"--namespace=" + argoNamespace,
		"--repo-server=" + local(repo),
		"--repo-server-plaintext",
	}, shared...)
	started := []struct {
		name, ready string
		arguments   []string
	}{
		{"argocd-repo-server", "http://" + local(repoMetrics) + "/healthz", append([]string{
			"--address=127.0.0.1",
			fmt.Sprintf("--port=%d", repo),
			"--metrics-address=127.0.0.1",
			fmt.Sprintf("--metrics-port=%d", repoMetrics),
			"--disable-tls",
			"--client-ca-path=", // its default is refused beside --disable-tls
		}, shared...)},
		{"argocd-application-controller", "http://" + local(controllerMetrics) + "/healthz", append([]string{
			fmt.Sprintf("--metrics-port=%d", controllerMetrics),
			"--persist-resource-health", // so that tests read it from the Application
		}, clients...)},
		{"argocd-server", "http://" + local(server) + "/healthz", append([]string{
			"--address=127.0.0.1",
			fmt.Sprintf("--port=%d", server),
			"--metrics-address=127.0.0.1",
			fmt.Sprintf("--metrics-port=%d", serverMetrics),
			"--insecure",
			"--disable-auth",
		}, clients...)},
	}
	children := make([]*child, 0, len(started))
	defer func() { stop(children) }()
	for _, one := range started {
		c, err := start(dir, kubeconfig, one.name, one.arguments)
		if err != nil {
			return err
		}
		children = append(children, c)
	}
	for i, one := range started {
		if err := children[i].answers(ctx, one.ready); err != nil {
			return err
		}
	}
	if err := json.NewEncoder(out).Encode(running{"http://" + local(server)}); err != nil {
		return err
	}
	return untilOneFalls(ctx, children)
}

// answers waits until a GET succeeds.
func (c *child) answers(ctx context.Context, url string) error {
	client := http.Client{Timeout: 5 * time.Second}
	for {
		response, err := client.Get(url)
		if err == nil {
			response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.New("told to end before Argo CD was up")
		case <-c.ended:
			return c.fall()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// freePorts are ports that were free a moment ago, each another one.
func freePorts(count int) ([]int, error) {
	ports := make([]int, 0, count)
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		// Held until all are found.
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

func local(port int) string {
	return fmt.Sprintf("127.0.0.1:%d", port)
}
