// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
)

// resume takes up what the previous process left. It starts the servers before the first request, and goes on with
// unfinished work in the background.
func (s *Server) resume(ctx context.Context) error {
	var all []instance
	s.store.view(func(st *state) { all = st.instances.all() })
	s.resumeServers(ctx, all)
	if err := ctx.Err(); err != nil {
		return errors.Join(errors.New("the start was interrupted"), err)
	}
	// Restores lock their sources first, before other work can destroy those.
	for _, i := range all {
		if i.Source != "" {
			lock := s.instanceLocks.of(i.Source)
			lock.RLock()
			s.restoreInBackground(lock, i.Name)
		}
	}
	for _, i := range all {
		switch {
		case i.Linked, i.Source != "":
		case i.Status == statusCreating:
			s.background(func() { s.provision(i.Name) })
		case i.Status == statusDeleting:
			s.background(func() { s.destroy(i.Name) })
		case i.Password != "":
			s.background(func() { s.resetPassword(i.Name) })
		}
	}
	return s.resumeDeletions()
}

// resumeDeletions finishes the deletions of applications.
func (s *Server) resumeDeletions() error {
	var all []application
	s.store.view(func(st *state) { all = st.applications.all() })
	if err := s.sweepArchives(all); err != nil {
		return err
	}
	for _, a := range all {
		if a.Status != appDeleting {
			continue
		}
		unlock, err := s.lockApplication(a.Name, beingDeleted)
		if err != nil {
			return err
		}
		s.background(func() { s.removeApplication(a.Name, unlock) })
	}
	return nil
}

// sweepArchives removes the archives that belong to no version. They are of deploys that were cut off, and no client
// was told of their versions.
func (s *Server) sweepArchives(all []application) error {
	versions := map[string][]version{}
	for _, a := range all {
		versions[a.ID] = a.Versions
	}
	entries, err := os.ReadDir(s.dir.file("archives"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		kept, ok := versions[entry.Name()]
		if !ok {
			if err := os.RemoveAll(s.dir.file("archives", entry.Name())); err != nil {
				return err
			}
			continue
		}
		archives, err := os.ReadDir(s.dir.file("archives", entry.Name()))
		if err != nil {
			return err
		}
		for _, archive := range archives {
			if slices.ContainsFunc(kept, func(v version) bool { return v.ID+".zip" == archive.Name() }) {
				continue
			}
			if err := os.Remove(s.dir.file("archives", entry.Name(), archive.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// resumeServers starts the server of each instance that has one. An instance whose server does not start is shown as
// failed, and tried again at the next start.
func (s *Server) resumeServers(ctx context.Context, all []instance) {
	var started sync.WaitGroup
	defer started.Wait()
	for _, i := range all {
		if i.Linked || i.Address.Host == "" || i.Status == statusDeleting {
			continue
		}
		if !s.takeSlot() {
			return
		}
		started.Go(func() {
			defer s.freeSlot()
			s.resumeServer(ctx, i.Name)
		})
	}
}

func (s *Server) resumeServer(ctx context.Context, name string) {
	address, err := s.backend.Resume(ctx, name)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.log.Printf("resume %s: %s", name, err)
	}
	// start saves the state once for all instances.
	err = s.store.change(func(st *state) error {
		i, lookUp := lookUpInstance(st, name)
		if lookUp != nil {
			return lookUp
		}
		switch {
		case err != nil:
			i.Status = statusFailed
		case i.Status == statusFailed:
			i.Status = statusAvailable
		}
		if err == nil {
			i.Address, i.Down = address, false
		}
		st.instances.put(name, i)
		return nil
	})
	if err != nil {
		s.log.Printf("resume %s: %s", name, err)
	}
}
