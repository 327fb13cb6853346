// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

//go:build unix

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

// Backend runs a PostgreSQL server for each instance, in a folder of the instance's name.
type Backend struct {
	installation *postgres.Installation
	dir          string
	log          *log.Logger
	limits       limits
	stable       time.Duration // a server that ran so long before a crash is started again at once
	pause        time.Duration // before other crashed servers are started again; doubled each time
	down         func(instance string)
	up           func(instance string, at backend.Address)
	closing      context.Context // ends when Close begins
	beginClose   context.CancelFunc

	mu       sync.Mutex
	servers  map[string]*postgres.Server
	watchers sync.WaitGroup
}

// Open finds PostgreSQL, or says how to install it, and removes the temporary folders of an earlier process.
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
	server, err := b.installation.Create(ctx, b.path(instance), postgres.Role(admin))
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

// Close stops every server and waits for the goroutines that watch them.
func (b *Backend) Close(ctx context.Context) error {
	b.beginClose()
	b.mu.Lock()
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

// server returns the server of an instance, which may have crashed.
func (b *Backend) server(instance string) (*postgres.Server, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	server := b.servers[instance]
	if server == nil {
		return nil, fmt.Errorf("database %s has no running server", instance)
	}
	return server, nil
}

// register adds a server that runs, and watches it.
func (b *Backend) register(ctx context.Context, instance string, server *postgres.Server) (backend.Address, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing.Err() != nil {
		return backend.Address{}, errors.Join(errors.New("the backend is closed"), server.Stop(context.WithoutCancel(ctx)))
	}
	b.servers[instance] = server
	b.watchers.Go(func() { b.watch(instance, server) })
	return backend.Address{Host: server.Host(), Port: server.Port()}, nil
}
