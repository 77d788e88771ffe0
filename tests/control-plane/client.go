package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

// newClient is our own client of the API server, as the admin of the kubeconfig.
func newClient() (*kubernetes.Clientset, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfigFile)
	if err != nil {
		return nil, err
	}
	config.UserAgent = "control-plane-up"
	config.Timeout = 5 * time.Second
	return kubernetes.NewForConfig(config)
}

// apiServerReady waits until the API server says that it is.
func apiServerReady(ctx context.Context, client *kubernetes.Clientset) error {
	return wait(ctx, "kube-apiserver is ready", func(ctx context.Context) error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// namespaceReady waits until the namespace `default` has the ServiceAccount without which no Pod can
// be made in it. It is the controllers who make it, so they run by then.
func namespaceReady(ctx context.Context, client *kubernetes.Clientset) error {
	return wait(ctx, "the namespace default has its ServiceAccount", func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}
