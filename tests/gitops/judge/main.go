// What kstatus and Argo CD say of objects, with their own libraries.
package main

import (
	"os"

	"github.com/spf13/cobra"
)

func main() {
	root := &cobra.Command{
		Use:          "judge",
		Short:        "What GitOps tools say of objects, for tests",
		SilenceUsage: true,
	}
	root.AddCommand(kstatusCommand(), argoHealthCommand(), argoActionsCommand())
	if root.Execute() != nil {
		os.Exit(1)
	}
}
