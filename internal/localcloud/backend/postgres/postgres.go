// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

// Package postgres is a backend of real PostgreSQL servers.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"log"
	"path/filepath"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

// Backend gives each instance a PostgreSQL server of its own, in a folder of the instance's name.
type Backend struct {
	installation *postgres.Installation
	dir          string
	log          *log.Logger
	limits       limits
	stable       time.Duration // a server that ran so long is started again at once
	pause        time.Duration // before one that did not is; doubled each time
	down         func(instance string, reason error)
	up           func(instance string, at backend.Address)
	closing      context.Context
	beginClose   context.CancelFunc

	mu       sync.Mutex
	servers  map[string]*postgres.Server
	closed   bool
	watchers sync.WaitGroup
}

// Open finds PostgreSQL and removes what an earlier process left in temporary folders. The error says how to install
// PostgreSQL if there is none.
func Open(ctx context.Context, o backend.Options) (*Backend, error) {
	installation, err := postgres.Find(o.PostgresBin)
	if err != nil {
		return nil, err
	}
	b := &Backend{
		installation: installation,
		dir:          o.Dir,
		log:          log.New(o.Log, "", 0),
		limits:       defaultLimits,
		stable:       2 * time.Second,
		pause:        time.Second,
		down:         o.Down,
		up:           o.Up,
		servers:      map[string]*postgres.Server{},
	}
	if b.down == nil {
		b.down = func(string, error) {}
	}
	if b.up == nil {
		b.up = func(string, backend.Address) {}
	}
	b.closing, b.beginClose = context.WithCancel(context.Background())
	b.removeLeftovers(ctx)
	return b, nil
}

func (b *Backend) path(instance string) string { return filepath.Join(b.dir, instance) }

// Provision makes a server and starts it.
func (b *Backend) Provision(ctx context.Context, instance string, admin backend.Role) (backend.Address, error) {
	if err := b.Destroy(ctx, instance); err != nil {
		return backend.Address{}, err
	}
	server, err := b.installation.Create(ctx, b.path(instance), postgres.Options{Admin: postgres.Role(admin)})
	if err != nil {
		return backend.Address{}, err
	}
	return b.register(ctx, instance, server)
}

// SetPassword changes the password of the admin role.
func (b *Backend) SetPassword(ctx context.Context, instance string, admin backend.Role) error {
	server, err := b.server(instance)
	if err != nil {
		return err
	}
	return server.SetPassword(ctx, admin.Name, admin.Password)
}

// RestorableSince is when the base backup of the instance was complete.
func (b *Backend) RestorableSince(instance string) (time.Time, error) {
	server, err := b.server(instance)
	if err != nil {
		return time.Time{}, err
	}
	return server.RestorableSince(), nil
}

// Restore recovers a copy of the source to an instant.
func (b *Backend) Restore(ctx context.Context, source, target string, at time.Time) (backend.Address, error) {
	server, err := b.server(source)
	if err != nil {
		return backend.Address{}, err
	}
	if err := b.Destroy(ctx, target); err != nil {
		return backend.Address{}, err
	}
	restored, err := server.Restore(ctx, at, b.path(target))
	if err != nil {
		return backend.Address{}, err
	}
	return b.register(ctx, target, restored)
}

// Destroy stops the server and removes its folder.
func (b *Backend) Destroy(ctx context.Context, instance string) error {
	b.mu.Lock()
	server := b.servers[instance]
	delete(b.servers, instance)
	b.mu.Unlock()
	if server == nil {
		return b.installation.Remove(ctx, b.path(instance))
	}
	return server.Remove()
}

// Resume starts the server of an earlier process again.
func (b *Backend) Resume(ctx context.Context, instance string) (backend.Address, error) {
	server, err := b.installation.Open(ctx, b.path(instance))
	if err != nil {
		return backend.Address{}, err
	}
	return b.register(ctx, instance, server)
}

// Close stops every server and waits for those who watch over them.
func (b *Backend) Close(ctx context.Context) error {
	b.beginClose()
	b.mu.Lock()
	b.closed = true
	servers := b.servers
	b.servers = map[string]*postgres.Server{}
	b.mu.Unlock()

	failures := make(chan error)
	for instance, server := range servers {
		go func() {
			err := server.Stop(ctx)
			if err != nil {
				err = fmt.Errorf("stop the server of %s: %w", instance, err)
			}
			failures <- err
		}()
	}
	var err error
	for range servers {
		err = errors.Join(err, <-failures)
	}
	b.watchers.Wait()
	return err
}

// server is the running one of an instance.
func (b *Backend) server(instance string) (*postgres.Server, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	server := b.servers[instance]
	if server == nil {
		return nil, fmt.Errorf("database %s has no running server", instance)
	}
	return server, nil
}

// register takes a server into the books, and watches over it.
func (b *Backend) register(ctx context.Context, instance string, server *postgres.Server) (backend.Address, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return backend.Address{}, errors.Join(errors.New("the backend is closed"), server.Stop(context.WithoutCancel(ctx)))
	}
	b.servers[instance] = server
	b.watchers.Go(func() { b.watch(instance, server) })
	return backend.Address{Host: server.Host(), Port: server.Port()}, nil
}

// watch starts a server again that has ended by itself, as a managed service does: at once if it has run for a while,
// else after a pause that grows.
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
		b.down(instance, failure)
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

// restart tries until the server is up. It returns nil if the instance was destroyed or the backend closed meanwhile.
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
		if b.closed || b.servers[instance] != server {
			b.mu.Unlock()
			return nil
		}
		again, err := b.reopen(server, instance)
		if err == nil {
			b.servers[instance] = again
		}
		b.mu.Unlock()
		if err == nil {
			return again
		}
		b.log.Printf("database %s is down, the next attempt is in %s: %s", instance, *pause, err)
	}
}

// isCurrent tells whether a server is still that of its instance.
func (b *Backend) isCurrent(instance string, server *postgres.Server) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.closed && b.servers[instance] == server
}

func (b *Backend) reopen(server *postgres.Server, instance string) (*postgres.Server, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		return nil, err
	}
	return b.installation.Open(ctx, b.path(instance))
}
