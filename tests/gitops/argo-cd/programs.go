package main

import (
	"fmt"
	"os"

	controller "github.com/argoproj/argo-cd/v3/cmd/argocd-application-controller/commands"
	reposerver "github.com/argoproj/argo-cd/v3/cmd/argocd-repo-server/commands"
	apiserver "github.com/argoproj/argo-cd/v3/cmd/argocd-server/commands"
	"github.com/spf13/cobra"
)

// The programs of Argo CD, as they are shipped. Each sets up process-wide state, so each is a process.
var programs = map[string]func() *cobra.Command{
	"argocd-application-controller": controller.NewCommand,
	"argocd-repo-server":            reposerver.NewCommand,
	"argocd-server":                 apiserver.NewCommand,
}

// program makes a subcommand of one of them. It reads its own arguments, so all of them, --help too,
// are left alone here, and it is made only when it is the one asked for.
func program(name string) *cobra.Command {
	return &cobra.Command{
		Use:                name,
		Short:              "Argo CD's own " + name,
		DisableFlagParsing: true,
		Run: func(_ *cobra.Command, args []string) {
			command := programs[name]()
			command.SetArgs(args)
			if err := command.Execute(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		},
	}
}
