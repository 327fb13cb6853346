// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

package postgres

import (
	"context"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// watch starts a server again that has crashed, as a managed service does. It does so at once if the server had run for
// a while, else after a pause that grows.
func (b *Backend) watch(instance string, server *postgres.Server) {
	var pause time.Duration
	for {
		started := time.Now()
		<-server.Done()
		failure := server.Err()
		if failure == nil || !b.isCurrent(instance, server) {
			return
		}
		b.log.Printf("database %s: %s", instance, failure)
		b.down(instance)
		if time.Since(started) >= b.stable {
			pause = 0
		}
		again := b.restart(instance, server, &pause)
		if again == nil {
			return
		}
		b.log.Printf("database %s is up again on port %d", instance, again.Port())
		b.up(instance, backend.Address{Host: again.Host(), Port: again.Port()})
		server = again
	}
}

// restart tries until the server runs. It returns nil if the instance was destroyed or the backend is being closed.
func (b *Backend) restart(instance string, server *postgres.Server, pause *time.Duration) *postgres.Server {
	const longestPause = time.Minute
	for {
		select {
		case <-time.After(*pause):
		case <-b.closing.Done():
			return nil
		}
		*pause = min(max(2**pause, b.pause), longestPause)
		b.mu.Lock()
		if b.servers[instance] != server {
			b.mu.Unlock()
			return nil
		}
		again, err := b.reopen(server, instance)
		if err == nil {
			b.servers[instance] = again
		}
		b.mu.Unlock()
		switch {
		case err == nil:
			return again
		case b.closing.Err() != nil:
			return nil
		}
		b.log.Printf("database %s is down, the next attempt is in %s: %s", instance, *pause, err)
	}
}

// isCurrent tells whether a server is still that of its instance. After Close there are none.
func (b *Backend) isCurrent(instance string, server *postgres.Server) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.servers[instance] == server
}

func (b *Backend) reopen(server *postgres.Server, instance string) (*postgres.Server, error) {
	ctx, cancel := context.WithTimeout(b.closing, time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		return nil, err
	}
	return b.installation.Open(ctx, b.path(instance))
}
