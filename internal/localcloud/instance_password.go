// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import "net/http"

func (s *Server) setCredentials(r *http.Request) (any, error) {
	fields, err := readBody(r, "Password")
	if err != nil {
		return nil, err
	}
	password, err := fields.text("Password")
	if err != nil {
		return nil, err
	}
	if err := checkPassword(password); err != nil {
		return nil, err
	}
	pending := false
	name := r.PathValue("name")
	err = s.store.change(func(st *state) error {
		i, err := lookUpInstance(st, name)
		if err != nil {
			return err
		}
		if i.Linked {
			return badRequest("database %s is linked: change its password where it is hosted", name)
		}
		if err := s.ready(i); err != nil {
			return err
		}
		// One that waits to be set is overtaken by a newer one.
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
