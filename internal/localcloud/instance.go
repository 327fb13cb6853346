// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud/backend"
)

// The statuses of an instance, which are those of Amazon RDS.
const (
	statusAvailable = "available"
	statusBackingUp = "backing-up"
	statusCreating  = "creating"
	statusResetting = "resetting-master-credentials"
	statusDeleting  = "deleting"
	statusFailed    = "failed"
)

// deadEnds are the statuses that only a deletion ends.
var deadEnds = []string{statusFailed, "incompatible-restore", "storage-full", "inaccessible-encryption-credentials"}

const adminName = "dbosadmin"

// instance is a provisioned or linked instance. Its status and the fields that are still to be set say which work is
// under way, so that a restart can take it up.
type instance struct {
	Name      string          `json:"name"`
	Status    string          `json:"status"`
	Begun     time.Time       `json:"begun"`          // when the create or restore was accepted
	Ready     time.Time       `json:"ready,omitzero"` // when it was available for the first time
	Address   backend.Address `json:"address,omitzero"`
	Username  string          `json:"username"`
	AdminName string          `json:"admin_name"`
	Password  string          `json:"password,omitempty"` // still to be set; of a link, that of its role

	Down bool `json:"down,omitempty"` // its server has crashed and is being started again

	Source    string    `json:"source,omitempty"` // of a restore, until it is done
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

// requireReady refuses an operation on an instance whose status does not allow one.
func (s *Server) requireReady(i instance) error {
	status := s.status(i)
	if status == statusAvailable || status == statusBackingUp {
		return nil
	}
	return refuse(http.StatusConflict, "database %s is not in an available state: its status is %q", i.Name, status)
}

func (s *Server) createInstance(r *http.Request) (any, error) {
	fields := readBody(r, "Name", "AdminName", "AdminPassword")
	i := instance{
		Status: statusCreating, Begun: time.Now(), AdminName: adminName,
		Name: fields.text("Name"), Username: fields.text("AdminName"), Password: fields.text("AdminPassword"),
	}
	if err := cmp.Or(fields.err, s.checkInstanceName(i.Name), checkUsername(i.Username), checkPassword(i.Password)); err != nil {
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

// beginDeleteInstance accepts the deletion of an instance, and destroys it in the background.
func (s *Server) beginDeleteInstance(name string) error {
	err := s.store.change(func(st *state) error {
		i, err := lookUpInstance(st, name)
		if err != nil {
			return err
		}
		if i.Linked {
			return badRequest("database %s is linked: it can be unlinked, not deleted", name)
		}
		if err := s.requireReady(i); err != nil && !slices.Contains(deadEnds, s.status(i)) {
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
