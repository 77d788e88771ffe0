package main

import (
	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// kstatusCommand judges as Flux does, and Helm 4 with --wait: both have this library.
func kstatusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "kstatus",
		Short: "What kstatus says of the objects on stdin, a JSON array",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return judgeAll(command.InOrStdin(), command.OutOrStdout(), func(object *unstructured.Unstructured) (verdict, error) {
				result, err := status.Compute(object)
				if err != nil {
					return verdict{}, err
				}
				return verdict{Status: result.Status.String(), Message: result.Message}, nil
			})
		},
	}
}
