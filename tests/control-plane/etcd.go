package main

import (
	"context"
	"net"
)

const (
	etcdDataDir = "etcd-data"
	// etcd wants host:port even of a unix socket; the whole of it is the name of the file.
	etcdClientSocket = "etcd-client.sock:1"
	etcdPeerSocket   = "etcd-peer.sock:1"
	etcdEndpoint     = "unix://" + etcdClientSocket
	etcdPeerEndpoint = "unix://" + etcdPeerSocket
)

// etcdArguments: sockets instead of ports, because nobody else can take a socket in our folder.
// No write waits for the disk: the data does not outlive the process.
func etcdArguments() []string {
	return []string{
		"--name=control-plane",
		"--data-dir=" + etcdDataDir,
		"--unsafe-no-fsync",
		"--listen-client-urls=" + etcdEndpoint,
		"--advertise-client-urls=" + etcdEndpoint,
		"--listen-peer-urls=" + etcdPeerEndpoint,
		"--initial-advertise-peer-urls=" + etcdPeerEndpoint,
		"--initial-cluster=control-plane=" + etcdPeerEndpoint,
	}
}

// etcdAccepts waits until etcd takes connections. The API server would find it later too, but only
// after the pause that gRPC makes when a first connection fails.
func etcdAccepts(ctx context.Context) error {
	return wait(ctx, "etcd accepts connections", func(context.Context) error {
		connection, err := net.Dial("unix", etcdClientSocket)
		if err != nil {
			return err
		}
		return connection.Close()
	})
}
