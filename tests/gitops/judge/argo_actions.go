package main

import (
	"encoding/json"
	"fmt"

	argocd "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// acted is what Argo CD's actions make of one object.
type acted struct {
	// Actions are those that a person is offered.
	Actions []argocd.ResourceAction `json:"actions"`
	// Results are what each of them makes of the object, by its name.
	Results map[string]*unstructured.Unstructured `json:"results"`
}

// argoActionsCommand runs our actions as Argo CD's server does, short of the write.
func argoActionsCommand() *cobra.Command {
	var values string
	command := &cobra.Command{
		Use:   "argo-actions --values FILE",
		Short: "The actions that Argo CD offers for the objects on stdin, a JSON array, and what they do",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			found, err := overrides(values)
			if err != nil {
				return err
			}
			objects, err := readObjects(command.InOrStdin())
			if err != nil {
				return err
			}
			all := make([]acted, 0, len(objects))
			for _, object := range objects {
				one, err := act(lua.VM{ResourceOverrides: found}, object)
				if err != nil {
					return err
				}
				all = append(all, one)
			}
			return json.NewEncoder(command.OutOrStdout()).Encode(all)
		},
	}
	valuesFlag(command, &values)
	return command
}

func act(vm lua.VM, object *unstructured.Unstructured) (acted, error) {
	scripts, err := vm.GetResourceActionDiscovery(object)
	if err != nil {
		return acted{}, err
	}
	actions, err := vm.ExecuteResourceActionDiscovery(object, scripts)
	if err != nil {
		return acted{}, err
	}
	results := map[string]*unstructured.Unstructured{}
	for _, action := range actions {
		definition, err := vm.GetResourceAction(object, action.Name)
		if err != nil {
			return acted{}, err
		}
		changed, err := vm.ExecuteResourceAction(object, definition.ActionLua, nil)
		if err != nil {
			return acted{}, err
		}
		if len(changed) != 1 || changed[0].K8SOperation != lua.PatchOperation {
			return acted{}, fmt.Errorf("action %s does more than to patch its object", action.Name)
		}
		results[action.Name] = changed[0].UnstructuredObj
	}
	return acted{actions, results}, nil
}
