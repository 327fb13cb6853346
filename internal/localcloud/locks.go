// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"sync"
)

// What may be locked, in the order in which locks are taken. Whoever holds one takes only those below it.
//
//  1. An application, by whatever changes it: a call, a deploy, a deletion.
//     Nobody waits for it; a second change is answered as busy.
//  2. An instance: shared by what uses it (a restore from it, a migration, a
//     database that is dropped), alone by what changes it. A restore takes its
//     source first and then its target. Calls do not wait for it; work behind
//     an answer does.
//  3. A slot, by the making or starting of a server.
//  4. store.writing, by whoever writes the state file.
//  5. The mutexes that are held for the length of one access and no call to a
//     backend: applicationLocks.mu, then store.mu, then all others, which take none.
//
// Locks do not outlive the process. What they were held for is in the state, as far as it has to go on.

// applicationLocks are the applications that are being changed, and by what.
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
	beingChanged = "being changed"
	beingDeleted = "being deleted"
	deploying    = "deploying"
)

// lockApplication makes an application busy until unlock is called.
func (s *Server) lockApplication(name, what string) (unlock func(), err error) {
	if _, err := s.findApplication(name); err != nil {
		return nil, err
	}
	c := &s.applicationLocks
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active[name] != nil {
		return nil, refuse(http.StatusConflict, "application is busy: application %s is %s", name, c.active[name].what)
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

func (c *applicationLocks) deploying(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active[name] != nil && c.active[name].what == deploying
}

// reserve keeps a database on an instance for the application that is locked: an application is alone in its database.
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

// startingAtOnce is how many servers are made or started at a time: more would only take each other's processor and
// disk.
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

// instanceLocks order what happens to one instance: one change at a time, and no change while it is used.
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
