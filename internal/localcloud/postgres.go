// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"errors"
	"fmt"
	"log"
	"path/filepath"
	"sync"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/postgres"
)

func init() { backends["postgres"] = openPostgres }

// postgresBackend gives each instance a PostgreSQL server of its own, in a
// folder of the instance's name.
type postgresBackend struct {
	installation *postgres.Installation
	dir          string
	log          *log.Logger
	limits       limits
	stable       time.Duration // how long a server runs that is worth starting again

	mu       sync.Mutex
	servers  map[string]*postgres.Server
	closed   bool
	watchers sync.WaitGroup
}

func openPostgres(_ context.Context, o backendOptions) (Backend, error) {
	installation, err := postgres.Find(o.PostgresBin)
	if err != nil {
		return nil, err
	}
	b := &postgresBackend{
		installation: installation,
		dir:          o.Dir,
		log:          log.New(o.Log, "", 0),
		limits:       usualLimits,
		stable:       2 * time.Second,
		servers:      map[string]*postgres.Server{},
	}
	b.sweep()
	return b, nil
}

func (b *postgresBackend) path(instance string) string { return filepath.Join(b.dir, instance) }

func (b *postgresBackend) Provision(ctx context.Context, instance string, admin Role) (Address, error) {
	if err := b.Destroy(ctx, instance); err != nil {
		return Address{}, err
	}
	server, err := b.installation.Create(ctx, b.path(instance), postgres.Options{Admin: postgres.Role(admin)})
	if err != nil {
		return Address{}, err
	}
	return b.keep(ctx, instance, server)
}

func (b *postgresBackend) SetPassword(ctx context.Context, instance string, admin Role) error {
	server, err := b.server(instance)
	if err != nil {
		return err
	}
	return server.SetPassword(ctx, admin.Name, admin.Password)
}

func (b *postgresBackend) RestorableSince(instance string) (time.Time, error) {
	server, err := b.server(instance)
	if err != nil {
		return time.Time{}, err
	}
	return server.RestorableSince(), nil
}

func (b *postgresBackend) Restore(ctx context.Context, source, target string, at time.Time) (Address, error) {
	server, err := b.server(source)
	if err != nil {
		return Address{}, err
	}
	if err := b.Destroy(ctx, target); err != nil {
		return Address{}, err
	}
	restored, err := server.Restore(ctx, at, b.path(target))
	if err != nil {
		return Address{}, err
	}
	return b.keep(ctx, target, restored)
}

func (b *postgresBackend) Destroy(ctx context.Context, instance string) error {
	b.mu.Lock()
	server := b.servers[instance]
	delete(b.servers, instance)
	b.mu.Unlock()
	if server == nil {
		return b.installation.Remove(ctx, b.path(instance))
	}
	return server.Remove()
}

func (b *postgresBackend) Resume(ctx context.Context, instance string) (Address, error) {
	server, err := b.installation.Open(ctx, b.path(instance))
	if err != nil {
		return Address{}, err
	}
	return b.keep(ctx, instance, server)
}

func (b *postgresBackend) Close(ctx context.Context) error {
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
func (b *postgresBackend) server(instance string) (*postgres.Server, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	server := b.servers[instance]
	if server == nil {
		return nil, fmt.Errorf("database %s has no running server", instance)
	}
	return server, nil
}

// keep takes a server into the books, and watches over it.
func (b *postgresBackend) keep(ctx context.Context, instance string, server *postgres.Server) (Address, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return Address{}, errors.Join(errors.New("the backend is closed"), server.Stop(context.WithoutCancel(ctx)))
	}
	b.servers[instance] = server
	b.watchers.Go(func() { b.watch(instance, server) })
	return Address{Host: server.Host(), Port: server.Port()}, nil
}

// watch starts a server again that has ended by itself, as a managed service
// does. One that does not stay up is left alone, for its log to be read.
func (b *postgresBackend) watch(instance string, server *postgres.Server) {
	for {
		started := time.Now()
		<-server.Done()
		failure := server.Err()
		b.mu.Lock()
		if failure == nil || b.closed || b.servers[instance] != server {
			b.mu.Unlock()
			return
		}
		b.log.Printf("database %s: %s", instance, failure)
		again, err := b.reopen(server, instance, time.Since(started) >= b.stable)
		if err == nil {
			b.servers[instance] = again
		}
		b.mu.Unlock()
		if err != nil {
			b.log.Printf("database %s is down: %s", instance, err)
			return
		}
		b.log.Printf("database %s is up again on port %d", instance, again.Port())
		server = again
	}
}

func (b *postgresBackend) reopen(server *postgres.Server, instance string, stable bool) (*postgres.Server, error) {
	if !stable {
		return nil, errors.New("it does not stay up")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := server.Stop(ctx); err != nil {
		return nil, err
	}
	return b.installation.Open(ctx, b.path(instance))
}
