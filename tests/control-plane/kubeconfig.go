package main

import (
	"os"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

const (
	kubeconfigFile            = "kubeconfig"
	controllersKubeconfigFile = "kube-controller-manager.kubeconfig"
)

// writeKubeconfig writes a kubeconfig that needs no other file, so that it may be copied elsewhere.
func writeKubeconfig(name, server, user, token string) error {
	authority, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	config := api.NewConfig()
	config.Clusters["control-plane"] = &api.Cluster{Server: server, CertificateAuthorityData: authority}
	config.AuthInfos[user] = &api.AuthInfo{Token: token}
	config.Contexts["control-plane"] = &api.Context{Cluster: "control-plane", AuthInfo: user, Namespace: "default"}
	config.CurrentContext = "control-plane"
	return clientcmd.WriteToFile(*config, name)
}
