// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// What goes on behind the answers. Each piece of work finds in the state what is to be done, ends without a word if the
// server closes, and is begun again from the state by resume.

// lag is how long a change that was accepted does not show yet, and then how long it shows.
func (s *Server) lag() time.Duration { return min(s.options.ProvisionTime/4, time.Second) }

// provision makes what createInstance or restoreInstance has accepted.
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

// createOrRestore needs, for a restore, the lock of its source held.
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

// resetPassword sets the password that waits to be set.
func (s *Server) resetPassword(name string) {
	if !pause(s.ctx, s.lag()) {
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
		return // It was deleted meanwhile.
	}
	err := errors.Join(s.store.sync(), s.withInstance(name, func() error { return s.backend.SetPassword(s.ctx, name, role) }))
	if !pause(s.ctx, s.lag()) {
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

// destroy ends an instance that is being deleted.
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

// serverDown shows an instance as failed while its server is down: a password that is sent to it meanwhile would be
// lost.
func (s *Server) serverDown(name string, _ error) {
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

// saveInstance changes an instance, if it is still there.
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

// save logs what cannot be saved behind an answer. The next change, or the end of the server, tries again.
func (s *Server) save(err error) {
	if err = errors.Join(err, s.store.sync()); err != nil {
		s.log.Print(err)
	}
}
