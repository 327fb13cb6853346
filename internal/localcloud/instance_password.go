// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"net/http"
)

func (s *Server) setCredentials(r *http.Request) (any, error) {
	fields := readBody(r, "Password")
	password := fields.text("Password")
	if err := cmp.Or(fields.err, checkPassword(password)); err != nil {
		return nil, err
	}
	pending := false
	name := r.PathValue("name")
	err := s.store.change(func(st *state) error {
		i, err := lookUpInstance(st, name)
		if err != nil {
			return err
		}
		if i.Linked {
			return badRequest("database %s is linked: change its password where it is hosted", name)
		}
		if err := s.requireReady(i); err != nil {
			return err
		}
		// If a password already waits to be set, the work that is under way sets this one instead.
		pending = i.Password != ""
		i.Password = password
		st.instances.put(name, i)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !pending {
		s.background(func() { s.resetPassword(name) })
	}
	return nil, nil
}
