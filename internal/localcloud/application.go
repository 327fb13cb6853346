// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// The statuses of an application.
const (
	appUnavailable = "UNAVAILABLE" // registered, never deployed
	appDeploying   = "DEPLOYING"
	appAvailable   = "AVAILABLE"
	appDeleting    = "DELETING"
)

// application is a registered application. Its slices and maps are never changed in place, since readers keep copies of
// it.
type application struct {
	Name         string            `json:"name"`
	ID           string            `json:"id"`
	Instance     string            `json:"instance"`
	Database     string            `json:"database,omitempty"` // "" until the first deploy
	Status       string            `json:"status"`
	Version      string            `json:"version,omitempty"`  // the one that runs
	Versions     []version         `json:"versions,omitempty"` // oldest first
	Language     string            `json:"language"`
	TimeTravel   bool              `json:"time_travel,omitempty"`
	MemoryMiB    int64             `json:"memory_mib"`
	MinVMs       *int64            `json:"min_vms,omitempty"`
	MaxVMs       *int64            `json:"max_vms,omitempty"`
	Secrets      map[string]string `json:"secrets,omitempty"`
	DropDatabase bool              `json:"drop_database,omitempty"` // of one that is being deleted
}

// version is made by each deploy of an archive.
type version struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
}

func (a application) answer(host string, deploying bool) applicationAnswer {
	status := a.Status
	if deploying {
		status = appDeploying
	}
	return applicationAnswer{
		Name:                    a.Name,
		ID:                      a.ID,
		PostgresInstanceName:    a.Instance,
		ApplicationDatabaseName: a.Database,
		Status:                  status,
		Version:                 a.Version,
		AppURL:                  fmt.Sprintf("https://%s/", host),
		ExecutorsMemoryMib:      a.MemoryMiB,
	}
}

func (s *Server) answerApplication(a application) applicationAnswer {
	host := s.options.Organization + "-" + a.Name + "."
	if endpoint, err := url.Parse(s.connection.Endpoint); err == nil {
		host += endpoint.Host
	}
	return a.answer(host, s.applicationLocks.deploying(a.Name))
}

func (s *Server) listApplications(r *http.Request) (any, error) {
	var all []application
	s.store.view(func(st *state) { all = st.applications.all() })
	answers := make([]applicationAnswer, 0, len(all))
	for _, a := range all {
		if !isUnseen(r, s.creationTimes.of("application", a.Name)) {
			answers = append(answers, s.answerApplication(a))
		}
	}
	return answers, nil
}

func (s *Server) getApplication(r *http.Request) (any, error) {
	a, err := s.findApplication(r.PathValue("app"))
	if err != nil {
		return nil, err
	}
	if isUnseen(r, s.creationTimes.of("application", a.Name)) {
		return nil, notFound("application", a.Name)
	}
	return s.answerApplication(a), nil
}

func (s *Server) findApplication(name string) (a application, err error) {
	s.store.view(func(st *state) { a, err = lookUpApplication(st, name) })
	return a, err
}

func lookUpApplication(st *state, name string) (application, error) {
	a, ok := st.applications.get(name)
	if !ok {
		return application{}, notFound("application", name)
	}
	return a, nil
}

func (s *Server) listVersions(r *http.Request) (any, error) {
	a, err := s.findApplication(r.PathValue("app"))
	if err != nil {
		return nil, err
	}
	answers := make([]versionAnswer, 0, len(a.Versions))
	for _, v := range a.Versions {
		if isUnseen(r, v.Created) {
			continue
		}
		answers = append(answers, versionAnswer{
			ApplicationName: a.Name,
			Version:         v.ID,
			CreationTime:    v.Created.UTC().Format(time.RFC3339Nano),
		})
	}
	return answers, nil
}

// changeApplication changes an application for a call. It refuses during a deploy or a deletion. Parallel calls all
// succeed, because DBOS Cloud accepts secrets in parallel.
func (s *Server) changeApplication(name string, change func(*application) error) error {
	s.applicationLocks.mu.Lock()
	defer s.applicationLocks.mu.Unlock()
	return s.store.change(func(st *state) error {
		a, err := lookUpApplication(st, name)
		if err != nil {
			return err
		}
		if err := s.applicationLocks.refuseBusy(name); err != nil {
			return err
		}
		a.Secrets = maps.Clone(a.Secrets)
		if err := change(&a); err != nil {
			return err
		}
		st.applications.put(name, a)
		return nil
	})
}

func (s *Server) saveApplication(name string, change func(*application)) {
	s.save(s.store.change(func(st *state) error {
		if a, ok := st.applications.get(name); ok {
			change(&a)
			st.applications.put(name, a)
		}
		return nil
	}))
}

func newUUID() string {
	b := randomBytes(16)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
