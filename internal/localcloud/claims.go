// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"sync"
)

// claims are the applications that are being changed, and by what: one change at
// a time. What a claim is for is in the state as far as it has to outlive the
// process, so claims themselves do not.
type claims struct {
	mu     sync.Mutex
	active map[string]*claim
}

type claim struct {
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

// claim makes an application busy until leave is called.
func (s *Server) claim(name, what string) (leave func(), err error) {
	if _, err := s.findApplication(name); err != nil {
		return nil, err
	}
	c := &s.claims
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active[name] != nil {
		return nil, refuse(http.StatusConflict, "application is busy: application %s is %s", name, c.active[name].what)
	}
	if c.active == nil {
		c.active = map[string]*claim{}
	}
	c.active[name] = &claim{what: what}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.active, name)
	}, nil
}

func (c *claims) deploying(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.active[name] != nil && c.active[name].what == deploying
}

// reserve keeps a database on an instance for the application that claims it: an
// application is alone in its database.
func (s *Server) reserve(name, instance, database string) error {
	c := &s.claims
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
	for app, claim := range c.active {
		if app != name && claim.instance == instance && claim.database == database {
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
