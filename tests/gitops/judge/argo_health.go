package main

import (
	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// argoHealthCommand judges as Argo CD's controller does, with its Lua interpreter and its limits.
func argoHealthCommand() *cobra.Command {
	var values string
	command := &cobra.Command{
		Use:   "argo-health --values FILE",
		Short: "What Argo CD says of the objects on stdin, a JSON array",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			found, err := overrides(values)
			if err != nil {
				return err
			}
			return judgeAll(command.InOrStdin(), command.OutOrStdout(), func(object *unstructured.Unstructured) (verdict, error) {
				result, err := health.GetResourceHealth(object, lua.ResourceHealthOverrides(found))
				if err != nil {
					return verdict{}, err
				}
				// So it is for a kind without a script: Argo CD then leaves it out of the sum.
				if result == nil {
					return verdict{Status: "None"}, nil
				}
				return verdict{Status: string(result.Status), Message: result.Message}, nil
			})
		},
	}
	valuesFlag(command, &values)
	return command
}

func valuesFlag(command *cobra.Command, values *string) {
	command.Flags().StringVar(values, "values", "", "values of Argo CD's chart, with our scripts under configs.cm")
	_ = command.MarkFlagRequired("values") // fails only for a flag that does not exist
}
