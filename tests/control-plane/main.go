// Command control-plane is a real Kubernetes control plane for tests, in one binary: etcd,
// kube-apiserver, kube-controller-manager and kubectl, each the upstream program under its own
// name, and `up`, which runs the first three together and ends them all when its parent is gone.
package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
)

func main() {
	// The symlink beside the binary: called as kubectl it is kubectl, with every argument its own.
	if filepath.Base(os.Args[0]) == "kubectl" {
		runKubectl()
		return
	}
	root := &cobra.Command{
		Use:               "control-plane",
		Short:             "A real Kubernetes control plane for tests, in one binary",
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.AddCommand(
		upCommand(),
		upstream("etcd", "The database", runEtcd),
		upstream("kube-apiserver", "The API server", runAPIServer),
		upstream("kube-controller-manager", "The controllers", runControllerManager),
		upstream("kubectl", "The client", runKubectl),
	)
	if root.Execute() != nil {
		os.Exit(1)
	}
}
