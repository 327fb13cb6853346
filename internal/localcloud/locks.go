// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"sync"
)

// These are all locks, in the order in which they are taken. Code that holds one takes only those below it.
//
//  1. An application, for a deploy or a deletion. Nothing waits for this lock: another change is refused as busy.
//  2. An instance. A use takes the read lock: a restore from it, a migration, the drop of a database. A change takes the
//     write lock. A restore locks its source before its target. Calls do not wait for this lock; background work does.
//  3. A slot, while a server is made or started.
//  4. store.writing, while the state file is written.
//  5. The mutexes, for one access and never during a call of a backend: applicationLocks.mu, then store.mu, then any
//     other. Code that holds one of the others takes no lock.
//
// Locks do not outlive the process. The state says what was under way, so that resume can take the same locks again.

// applicationLocks says which applications are being deployed or deleted.
type applicationLocks struct {
	mu     sync.Mutex
	active map[string]*applicationLock
}

type applicationLock struct {
	what     string
	instance string // where a deploy is going to
	database string
}

// What an application is busy with.
const (
	beingDeleted = "being deleted"
	deploying    = "deploying"
)

// lockApplication locks an application until unlock is called. It does not wait: a locked application is refused as
// busy.
func (s *Server) lockApplication(name, what string) (unlock func(), err error) {
	if _, err := s.findApplication(name); err != nil {
		return nil, err
	}
	c := &s.applicationLocks
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refuseBusy(name); err != nil {
		return nil, err
	}
	if c.active == nil {
		c.active = map[string]*applicationLock{}
	}
	c.active[name] = &applicationLock{what: what}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.active, name)
	}, nil
}

// refuseBusy needs that the caller holds mu.
func (c *applicationLocks) refuseBusy(name string) error {
	if lock := c.active[name]; lock != nil {
		return refuse(http.StatusConflict, "application is busy: application %s is %s", name, lock.what)
	}
	return nil
}

func (c *applicationLocks) deploying(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active[name] != nil && c.active[name].what == deploying
}

// reserve claims a database on an instance for an application that the caller has locked. No two applications share a
// database.
func (s *Server) reserve(name, instance, database string) error {
	c := &s.applicationLocks
	c.mu.Lock()
	defer c.mu.Unlock()
	other := ""
	s.store.view(func(st *state) {
		for _, a := range st.applications.rows {
			if a.Name != name && a.Instance == instance && a.Database == database {
				other = a.Name
			}
		}
	})
	for app, lock := range c.active {
		if app != name && lock.instance == instance && lock.database == database {
			other = app
		}
	}
	if other != "" {
		return badRequest("database %s on instance %s belongs to application %s: set another app_db_name in dbos-config.yaml", database, instance, other)
	}
	if own := c.active[name]; own != nil {
		own.instance, own.database = instance, database
	}
	return nil
}

// startingAtOnce is how many servers are made or started at a time. More would only compete for processor and disk.
const startingAtOnce = 4

// takeSlot is false if the server closes first.
func (s *Server) takeSlot() bool {
	select {
	case s.slots <- struct{}{}:
		return true
	case <-s.ctx.Done():
		return false
	}
}

func (s *Server) freeSlot() { <-s.slots }

// instanceLocks allow one change of an instance at a time, and none while the instance is in use.
type instanceLocks struct {
	mu   sync.Mutex
	open map[string]*sync.RWMutex
}

func (g *instanceLocks) of(instance string) *sync.RWMutex {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == nil {
		g.open = map[string]*sync.RWMutex{}
	}
	if g.open[instance] == nil {
		g.open[instance] = &sync.RWMutex{}
	}
	return g.open[instance]
}
