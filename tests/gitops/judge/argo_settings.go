package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	argocd "github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"sigs.k8s.io/yaml"
)

// overrides are the scripts in a values file of Argo CD's chart, by kind. That Argo CD reads them out
// of such values itself is seen where all of it runs; its own reader needs a cluster.
func overrides(valuesFile string) (map[string]argocd.ResourceOverride, error) {
	text, err := os.ReadFile(valuesFile)
	if err != nil {
		return nil, err
	}
	var values struct {
		Configs struct {
			CM map[string]string `json:"cm"`
		} `json:"configs"`
	}
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		return nil, err
	}
	if len(values.Configs.CM) == 0 {
		return nil, errors.New(valuesFile + " has no configs.cm")
	}
	found := map[string]argocd.ResourceOverride{}
	for key, script := range values.Configs.CM {
		what, kind, ok := strings.Cut(strings.TrimPrefix(key, "resource.customizations."), ".")
		group, kind, grouped := strings.Cut(kind, "_")
		if !ok || !grouped {
			return nil, fmt.Errorf("%s: no key of Argo CD's: %s", valuesFile, key)
		}
		override := found[group+"/"+kind]
		switch what {
		case "health":
			override.HealthLua = script
		case "actions":
			override.Actions = script
		default:
			return nil, fmt.Errorf("%s: neither health nor actions: %s", valuesFile, key)
		}
		found[group+"/"+kind] = override
	}
	return found, nil
}
