// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// The work that goes on after an answer. Each function finds in the state what it has to do. If the server closes, it
// returns without a log line, and resume begins it again.

// lag waits for one of the two moments after a change is accepted: first the change is invisible, then its status shows.
// It is false if the server closes before.
func (s *Server) lag() bool {
	if s.options.lag != nil {
		return s.options.lag(s.ctx)
	}
	return pause(s.ctx, min(s.options.ProvisionTime/4, time.Second))
}

// provision makes the instance that createInstance or restoreInstance has accepted.
func (s *Server) provision(name string) {
	i, err := s.findInstance(name)
	if err != nil {
		return
	}
	var address backend.Address
	if err = s.store.sync(); err == nil {
		address, err = s.createOrRestore(i)
	}
	if s.ctx.Err() != nil || err == nil && !pause(s.ctx, time.Until(i.Begun.Add(s.options.ProvisionTime))) {
		return
	}
	if err != nil {
		s.log.Printf("provision %s: %s", name, err)
	}
	s.saveInstance(name, func(i *instance) {
		i.Password, i.Source, i.RestoreTo = "", "", time.Time{}
		if err != nil {
			i.Status = statusFailed
			return
		}
		i.Status, i.Address, i.Ready = statusAvailable, address, time.Now()
	})
}

// createOrRestore needs, for a restore, that the caller holds the lock of the source.
func (s *Server) createOrRestore(i instance) (backend.Address, error) {
	lock := s.instanceLocks.of(i.Name)
	lock.Lock()
	defer lock.Unlock()
	if !s.takeSlot() {
		return backend.Address{}, s.ctx.Err()
	}
	defer s.freeSlot()
	if i.Source != "" {
		return s.backend.Restore(s.ctx, i.Source, i.Name, i.RestoreTo)
	}
	return s.backend.Provision(s.ctx, i.Name, backend.Role{Name: i.Username, Password: i.Password})
}

func (s *Server) resetPassword(name string) {
	if !s.lag() {
		return
	}
	var role backend.Role
	s.saveInstance(name, func(i *instance) {
		if i.Status == statusAvailable || i.Status == statusResetting {
			i.Status = statusResetting
			role = backend.Role{Name: i.Username, Password: i.Password}
		}
	})
	if role.Password == "" {
		return // The instance was deleted meanwhile.
	}
	err := errors.Join(s.store.sync(), s.withInstance(name, func() error { return s.backend.SetPassword(s.ctx, name, role) }))
	if !s.lag() {
		return
	}
	if err != nil {
		s.log.Printf("set the password of %s: %s", name, err)
	}
	s.saveInstance(name, func(i *instance) {
		if i.Status != statusResetting {
			return
		}
		i.Status, i.Password = statusAvailable, ""
		if err != nil {
			i.Status = statusFailed
		}
	})
}

func (s *Server) destroy(name string) {
	if !pause(s.ctx, s.options.ProvisionTime/2) {
		return
	}
	err := errors.Join(s.store.sync(), s.withInstance(name, func() error { return s.backend.Destroy(s.ctx, name) }))
	switch {
	case s.ctx.Err() != nil:
		return
	case err != nil:
		s.log.Printf("destroy %s: %s", name, err)
		s.saveInstance(name, func(i *instance) { i.Status = statusFailed })
	default:
		s.save(s.store.change(func(st *state) error {
			st.instances.remove(name)
			return nil
		}))
	}
}

// serverDown makes an instance answer "failed" while its server is down. A password that was accepted meanwhile would
// be lost.
func (s *Server) serverDown(name string) {
	s.saveInstance(name, func(i *instance) { i.Down = true })
}

func (s *Server) serverUp(name string, at backend.Address) {
	s.saveInstance(name, func(i *instance) { i.Down, i.Address = false, at })
}

func (s *Server) withInstance(name string, do func() error) error {
	lock := s.instanceLocks.of(name)
	lock.Lock()
	defer lock.Unlock()
	return do()
}

// saveInstance changes an instance for background work, unless it is gone.
func (s *Server) saveInstance(name string, change func(*instance)) {
	s.save(s.store.change(func(st *state) error {
		i, ok := st.instances.get(name)
		if !ok {
			return nil
		}
		change(&i)
		st.instances.put(name, i)
		return nil
	}))
}

// save writes the state for background work, which can only log an error. The next change, or the end of the server,
// tries again.
func (s *Server) save(err error) {
	if err = errors.Join(err, s.store.sync()); err != nil {
		s.log.Print(err)
	}
}
