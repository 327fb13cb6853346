// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"net/http"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// target is where the databases of an instance's applications are.
func (i instance) target() backend.Target {
	if !i.Linked {
		return backend.Target{Instance: i.Name}
	}
	return backend.Target{Link: &backend.Link{Address: i.Address, Role: backend.Role{Name: i.AdminName, Password: i.Password}}}
}

// linkDatabase takes a server that is not ours for an instance, once its role has logged in and may create databases.
func (s *Server) linkDatabase(r *http.Request) (any, error) {
	i, err := readLink(r)
	if err != nil {
		return nil, err
	}
	if _, err := s.findInstance(i.Name); err == nil {
		return nil, exists("database", i.Name)
	}
	link := i.target().Link
	if err := s.backend.CheckLink(r.Context(), link.Address, link.Role); err != nil {
		return nil, badRequest("database %s cannot be linked: %s", i.Name, err)
	}
	return nil, s.addInstance(i)
}

func readLink(r *http.Request) (instance, error) {
	var none instance
	fields, err := readBody(r, "Name", "HostName", "Port", "Password", "captureProvenance", "supabaseReference", "dbosAdminName")
	if err != nil {
		return none, err
	}
	i := instance{Status: statusAvailable, Begun: time.Now(), Ready: time.Now(), Linked: true}
	if i.Name, err = fields.text("Name"); err != nil {
		return none, err
	}
	if i.Address.Host, err = fields.text("HostName"); err != nil {
		return none, err
	}
	if i.Password, err = fields.text("Password"); err != nil {
		return none, err
	}
	port, err := fields.number("Port")
	if err != nil {
		return none, err
	}
	if i.TimeTravel, err = fields.flag("captureProvenance"); err != nil {
		return none, err
	}
	supabase, err := fields.optionalText("supabaseReference")
	if err != nil {
		return none, err
	}
	admin, err := fields.optionalText("dbosAdminName")
	if err != nil {
		return none, err
	}
	switch {
	case port == nil || *port < 1 || *port > 65535:
		return none, badRequest("Port is not a number from 1 to 65535")
	case supabase != "" && admin != "":
		return none, badRequest("supabaseReference and dbosAdminName exclude each other: the role of a Supabase project is its own")
	}
	i.Address.Port = int(*port)
	i.AdminName = cmp.Or(admin, adminName)
	if supabase != "" {
		i.SupabaseReference = &supabase
		i.AdminName = "postgres." + supabase
	}
	i.Username = i.AdminName
	return i, firstError(checkLinkName(i.Name), checkPassword(i.Password))
}

// unlinkDatabase forgets a link. The server itself is not touched.
func (s *Server) unlinkDatabase(r *http.Request) (any, error) {
	return nil, s.unlink(r.PathValue("name"))
}

func (s *Server) unlink(name string) error {
	return s.store.change(func(st *state) error {
		i, err := lookUpInstance(st, name)
		if err != nil {
			return err
		}
		if !i.Linked {
			return badRequest("database %s is not linked: it can be deleted, not unlinked", name)
		}
		st.instances.remove(name)
		return nil
	})
}
