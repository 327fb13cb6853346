// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package acctest

import (
	"context"
	"net"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/cloud/network"
	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// InMemory makes the cloud listen in memory instead of on the network. It can then run within a bubble of
// testing/synctest, where waits take no time.
func InMemory(o *localcloud.Options) {
	o.Listener = &memory{connections: make(chan net.Conn), closed: make(chan struct{})}
}

// Transport is the product's own transport, but its connections lead to a cloud that is InMemory.
func (c *Cloud) Transport(t testing.TB) *http.Transport {
	t.Helper()
	transport, err := network.New(nil, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	transport.DialContext = c.memory.dial
	return transport
}

// memory is a listener whose connections are pairs of pipes.
type memory struct {
	connections chan net.Conn
	closed      chan struct{}
	closing     sync.Once
}

func (m *memory) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case m.connections <- far:
		return near, nil
	case <-m.closed:
		return nil, syscall.ECONNREFUSED
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements [net.Listener].
func (m *memory) Accept() (net.Conn, error) {
	select {
	case connection := <-m.connections:
		return connection, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (m *memory) Close() error {
	m.closing.Do(func() { close(m.closed) })
	return nil
}

// Addr implements [net.Listener].
func (m *memory) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }
