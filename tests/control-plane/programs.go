package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// program is an executable, with the arguments that come before all others.
type program []string

// programs are what a control plane runs.
type programs struct {
	etcd              program
	apiServer         program
	controllerManager program
	kubectl           program
}

// findPrograms takes this binary's own subcommands, or, for those who have them, the etcd and
// kube-apiserver of KUBEBUILDER_ASSETS. That folder has no controller manager.
func findPrograms() (programs, error) {
	self, err := os.Executable()
	if err != nil {
		return programs{}, err
	}
	found := programs{
		etcd:              program{self, "etcd"},
		apiServer:         program{self, "kube-apiserver"},
		controllerManager: program{self, "kube-controller-manager"},
		kubectl:           program{self, "kubectl"},
	}
	assets := os.Getenv("KUBEBUILDER_ASSETS")
	if assets == "" {
		return found, nil
	}
	// The working folder changes before anything is started.
	if assets, err = filepath.Abs(assets); err != nil {
		return programs{}, err
	}
	etcd, apiServer := filepath.Join(assets, "etcd"), filepath.Join(assets, "kube-apiserver")
	for _, path := range []string{etcd, apiServer} {
		if _, err := os.Stat(path); err != nil {
			fmt.Fprintf(os.Stderr, "KUBEBUILDER_ASSETS is not used: %v\n", err)
			return found, nil
		}
	}
	found.etcd = program{etcd}
	found.apiServer = program{apiServer}
	return found, nil
}
