package main

import (
	_ "embed"
	"fmt"
	"net"
	"os"
	"strings"
)

const (
	auditPolicyFile = "audit-policy.yaml"
	auditLogFile    = "audit.log"
)

//go:embed audit-policy.yaml
var auditPolicy []byte

// apiServerArguments: the server that users have, on loopback, with what tests need beyond the
// defaults.
func apiServerArguments(port int, audit bool) []string {
	arguments := []string{
		"--etcd-servers=" + etcdEndpoint,
		"--bind-address=127.0.0.1",
		fmt.Sprintf("--secure-port=%d", port),
		// Without these two the server looks for the machine's default route, which a sandbox may
		// not have, and complains for ever that a loopback address is no endpoint.
		"--advertise-address=127.0.0.1",
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--tls-cert-file=" + servingCertFile,
		"--tls-private-key-file=" + servingKeyFile,
		"--token-auth-file=" + tokensFile,
		"--authorization-mode=RBAC",
		"--allow-privileged",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + serviceAccountKeyFile,
		"--service-account-signing-key-file=" + serviceAccountKeyFile,
		// Many tests share one server: it is not to be the one that makes them wait.
		"--max-requests-inflight=3000",
		"--max-mutating-requests-inflight=1500",
	}
	if audit {
		arguments = append(arguments,
			"--audit-policy-file="+auditPolicyFile,
			"--audit-log-path="+auditLogFile,
			// The line of a request is in the file before its response ends.
			"--audit-log-mode=blocking",
			// No rotation: a test that counts lines finds all of them in one file.
			"--audit-log-maxsize=0",
		)
	}
	return arguments
}

// freePort is a port that was free a moment ago. The server cannot be handed an open socket, so
// another process may take the port meanwhile; see portTaken.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// portTaken tells whether the API server ended because somebody else took its port.
func portTaken(server *child) bool {
	text, err := os.ReadFile(server.logPath)
	return err == nil && strings.Contains(string(text), "address already in use")
}
