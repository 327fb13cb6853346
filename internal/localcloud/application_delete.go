// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"os"
)

func (s *Server) deleteApplication(r *http.Request) (any, error) {
	fields := readBody(r, "dropdb")
	drop := fields.flag("dropdb")
	if fields.err != nil {
		return nil, fields.err
	}
	return nil, s.beginDeleteApplication(r.PathValue("app"), drop)
}

// beginDeleteApplication accepts the deletion of an application, and finishes it in the background.
func (s *Server) beginDeleteApplication(name string, drop bool) error {
	unlock, err := s.lockApplication(name, beingDeleted)
	if err != nil {
		return err
	}
	err = s.store.change(func(st *state) error {
		a, err := lookUpApplication(st, name)
		if err != nil {
			return err
		}
		a.Status, a.DropDatabase = appDeleting, drop
		st.applications.put(name, a)
		return nil
	})
	if err != nil {
		unlock()
		return err
	}
	s.background(func() { s.removeApplication(name, unlock) })
	return nil
}

// removeApplication finishes a deletion. It removes the application even if its database cannot be dropped, for example
// because the instance is gone.
func (s *Server) removeApplication(name string, unlock func()) {
	defer unlock()
	if !pause(s.ctx, s.options.ProvisionTime/2) {
		return
	}
	a, err := s.findApplication(name)
	if err != nil {
		return
	}
	// Once the deletion is on disk, the next start would finish it. Only then may anything be removed.
	if err := s.store.sync(); err != nil {
		s.log.Printf("remove application %s: %s", name, err)
		return
	}
	if a.DropDatabase && a.Database != "" {
		if err := s.dropDatabase(a); err != nil {
			s.log.Printf("drop the database of application %s: %s", name, err)
		}
	}
	if s.ctx.Err() != nil {
		return
	}
	if err := os.RemoveAll(s.dir.file("archives", a.ID)); err != nil {
		s.log.Printf("remove the archives of application %s: %s", name, err)
	}
	s.save(s.store.change(func(st *state) error {
		st.applications.remove(name)
		s.creationTimes.forget("application", name)
		return nil
	}))
}

func (s *Server) dropDatabase(a application) error {
	lock := s.instanceLocks.of(a.Instance)
	lock.RLock()
	defer lock.RUnlock()
	i, err := s.findInstance(a.Instance)
	if err != nil {
		return err
	}
	return s.backend.DropDatabase(s.ctx, i.target(), a.Database)
}
