// A whole Argo CD in one program, for tests.
package main

import (
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{
		Use:          "argo-cd",
		Short:        "Argo CD for tests: up, and the programs that it runs",
		SilenceUsage: true,
	}
	root.AddCommand(upCommand())
	for name := range programs {
		root.AddCommand(program(name))
	}
	if root.Execute() != nil {
		os.Exit(1)
	}
}
