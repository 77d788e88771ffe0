package main

import "strings"

// defaultControllers are those without which a namespace is no namespace: it gets its
// ServiceAccount, tokens and CA, what is owned goes with its owner, and a deletion comes to its end.
var defaultControllers = []string{
	"namespace-controller",
	"garbage-collector-controller",
	"serviceaccount-controller",
	"serviceaccount-token-controller",
	"root-ca-certificate-publisher-controller",
}

func controllerManagerArguments(extra []string) []string {
	controllers := append(append([]string{}, defaultControllers...), extra...)
	return []string{
		"--kubeconfig=" + controllersKubeconfigFile,
		"--controllers=" + strings.Join(controllers, ","),
		"--leader-elect=false",
		"--secure-port=0", // nobody asks it for metrics or health
		"--root-ca-file=" + caFile,
		"--service-account-private-key-file=" + serviceAccountKeyFile,
		// The defaults spare a large cluster. Here a test waits for the result.
		"--concurrent-namespace-syncs=20",
		"--namespace-sync-period=30s",
		"--concurrent-gc-syncs=20",
		"--kube-api-qps=1000",
		"--kube-api-burst=2000",
	}
}
