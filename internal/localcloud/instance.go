// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"slices"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// The words for an instance's status, those of Amazon RDS.
const (
	statusAvailable = "available"
	statusBackingUp = "backing-up"
	statusCreating  = "creating"
	statusResetting = "resetting-master-credentials"
	statusDeleting  = "deleting"
	statusFailed    = "failed"
)

// deadEnds are the statuses that an instance never leaves but by its deletion.
var deadEnds = []string{statusFailed, "incompatible-restore", "storage-full", "inaccessible-encryption-credentials"}

const adminName = "dbosadmin"

// instance is a provisioned or linked instance. Work that is under way is told by its status and by what is still to be
// set, so that it can go on after a restart.
type instance struct {
	Name      string          `json:"name"`
	Status    string          `json:"status"`
	Begun     time.Time       `json:"begun"`          // when the create or restore was accepted
	Ready     time.Time       `json:"ready,omitzero"` // when it was available for the first time
	Address   backend.Address `json:"address,omitzero"`
	Username  string          `json:"username"`
	AdminName string          `json:"admin_name"`
	Password  string          `json:"password,omitempty"` // still to be set; of a link, the one to log in with

	Down bool `json:"down,omitempty"` // its server has ended by itself, and is being started again

	Source    string    `json:"source,omitempty"` // a restore's, until it is done
	RestoreTo time.Time `json:"restore_to,omitzero"`

	Linked            bool    `json:"linked,omitempty"`
	SupabaseReference *string `json:"supabase_reference,omitempty"`
	TimeTravel        bool    `json:"time_travel,omitempty"`
}

func (s *Server) answerInstance(i instance) any {
	if s.options.LegacyRecords {
		return olderInstanceAnswer{
			PostgresInstanceName: i.Name,
			Status:               s.status(i),
			HostName:             i.Address.Host,
			Port:                 i.Address.Port,
			AdminUsername:        i.Username,
		}
	}
	return instanceAnswer{
		PostgresInstanceName: i.Name,
		Status:               s.status(i),
		HostName:             i.Address.Host,
		Port:                 i.Address.Port,
		DatabaseUsername:     i.Username,
		DBOSAdminName:        i.AdminName,
		IsLinked:             i.Linked,
		SupabaseReference:    i.SupabaseReference,
	}
}

func (s *Server) listInstances(r *http.Request) (any, error) {
	var all []instance
	s.store.view(func(st *state) { all = st.instances.all() })
	answers := make([]any, 0, len(all))
	for _, i := range all {
		if !isUnseen(r, i.Begun) {
			answers = append(answers, s.answerInstance(i))
		}
	}
	return answers, nil
}

func (s *Server) getInstance(r *http.Request) (any, error) {
	i, err := s.findInstance(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	if isUnseen(r, i.Begun) {
		return nil, notFound("database", i.Name)
	}
	return s.answerInstance(i), nil
}

func (s *Server) findInstance(name string) (i instance, err error) {
	s.store.view(func(st *state) { i, err = lookUpInstance(st, name) })
	return i, err
}

func lookUpInstance(st *state, name string) (instance, error) {
	i, ok := st.instances.get(name)
	if !ok {
		return instance{}, notFound("database", name)
	}
	return i, nil
}

// ready refuses an operation on an instance that is busy or at a dead end.
func (s *Server) ready(i instance) error {
	status := s.status(i)
	if status == statusAvailable || status == statusBackingUp {
		return nil
	}
	return refuse(http.StatusConflict, "database %s is not in an available state: its status is %q", i.Name, status)
}

func (s *Server) createInstance(r *http.Request) (any, error) {
	fields, err := readBody(r, "Name", "AdminName", "AdminPassword")
	if err != nil {
		return nil, err
	}
	i := instance{Status: statusCreating, Begun: time.Now(), AdminName: adminName}
	if i.Name, err = fields.text("Name"); err != nil {
		return nil, err
	}
	if i.Username, err = fields.text("AdminName"); err != nil {
		return nil, err
	}
	if i.Password, err = fields.text("AdminPassword"); err != nil {
		return nil, err
	}
	if err := firstError(s.checkInstanceName(i.Name), checkUsername(i.Username), checkPassword(i.Password)); err != nil {
		return nil, err
	}
	if err := s.addInstance(i); err != nil {
		return nil, err
	}
	s.background(func() { s.provision(i.Name) })
	return nil, nil
}

func (s *Server) addInstance(i instance) error {
	return s.store.change(func(st *state) error {
		if _, taken := st.instances.get(i.Name); taken {
			return exists("database", i.Name)
		}
		st.instances.put(i.Name, i)
		return nil
	})
}

func (s *Server) deleteInstance(r *http.Request) (any, error) {
	return nil, s.beginDeleteInstance(r.PathValue("name"))
}

// beginDeleteInstance accepts the deletion of an instance, which goes on behind it.
func (s *Server) beginDeleteInstance(name string) error {
	err := s.store.change(func(st *state) error {
		i, err := lookUpInstance(st, name)
		if err != nil {
			return err
		}
		if i.Linked {
			return badRequest("database %s is linked: it can be unlinked, not deleted", name)
		}
		if err := s.ready(i); err != nil && !slices.Contains(deadEnds, s.status(i)) {
			return err
		}
		i.Status = statusDeleting
		i.Password = ""
		st.instances.put(name, i)
		return nil
	})
	if err != nil {
		return err
	}
	s.background(func() { s.destroy(name) })
	return nil
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
