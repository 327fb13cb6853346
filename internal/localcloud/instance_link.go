// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"net/http"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// target says where the databases of an instance's applications are.
func (i instance) target() backend.Target {
	if !i.Linked {
		return backend.Target{Instance: i.Name}
	}
	return backend.Target{Link: &backend.Link{Address: i.Address, Role: backend.Role{Name: i.AdminName, Password: i.Password}}}
}

// linkDatabase registers a server of the user's as an instance, once its role has logged in and may create databases.
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
	fields := readBody(r, "Name", "HostName", "Port", "Password", "captureProvenance", "supabaseReference", "dbosAdminName")
	i := instance{
		Status: statusAvailable, Begun: time.Now(), Ready: time.Now(), Linked: true,
		Name: fields.text("Name"), Address: backend.Address{Host: fields.text("HostName")}, Password: fields.text("Password"),
	}
	port := fields.number("Port")
	i.TimeTravel = fields.flag("captureProvenance")
	supabase, admin := fields.optionalText("supabaseReference"), fields.optionalText("dbosAdminName")
	if port == nil || *port < 1 || *port > 65535 {
		fields.fail("Port is not a number from 1 to 65535")
	}
	if supabase != "" && admin != "" {
		fields.fail("supabaseReference and dbosAdminName exclude each other: the role of a Supabase project is its own")
	}
	if err := cmp.Or(fields.err, checkLinkName(i.Name), checkPassword(i.Password)); err != nil {
		return instance{}, err
	}
	i.Address.Port = int(*port)
	i.AdminName = cmp.Or(admin, adminName)
	if supabase != "" {
		i.SupabaseReference = &supabase
		i.AdminName = "postgres." + supabase
	}
	i.Username = i.AdminName
	return i, nil
}

// unlinkDatabase forgets a link. It does not touch the server.
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
