// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"net/url"
	"time"
)

// Status is the content of a local cloud at one moment. It holds no secret.
type Status struct {
	Endpoint     string              `json:"endpoint"`
	Organization string              `json:"organization"`
	Backend      string              `json:"backend"`
	Instances    []InstanceStatus    `json:"instances"`
	Applications []ApplicationStatus `json:"applications"`
	Faults       []ActiveFault       `json:"faults"`
	Requests     []RequestStatus     `json:"requests"` // the last ones
}

// InstanceStatus is a database instance, or a link.
type InstanceStatus struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	URL    string `json:"url"` // without the password; "" until there is a server
	Linked bool   `json:"linked"`
}

// ApplicationStatus is an application.
type ApplicationStatus struct {
	Name     string `json:"name"`
	Status   string `json:"status"`
	Instance string `json:"instance"`
	Database string `json:"database"`
	Version  string `json:"version"`
}

// RequestStatus is a request without header and body, which hold secrets.
type RequestStatus struct {
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Status int       `json:"status"` // 0 without an answer
	Time   time.Time `json:"time"`
}

const lastRequests = 20

// Status is the content of the local cloud now.
func (s *Server) Status() Status {
	status := Status{
		Endpoint: s.connection.Endpoint, Organization: s.options.Organization, Backend: s.options.Backend,
		Instances: []InstanceStatus{}, Applications: []ApplicationStatus{}, Faults: s.Faults(), Requests: []RequestStatus{},
	}
	instances, applications := s.allObjects()
	for _, i := range instances {
		status.Instances = append(status.Instances, InstanceStatus{Name: i.Name, Status: s.status(i), URL: i.url(), Linked: i.Linked})
	}
	for _, a := range applications {
		answer := s.answerApplication(a)
		status.Applications = append(status.Applications, ApplicationStatus{
			Name: a.Name, Status: answer.Status, Instance: a.Instance, Database: a.Database, Version: a.Version,
		})
	}
	requests := s.Requests()
	for _, r := range requests[max(0, len(requests)-lastRequests):] {
		status.Requests = append(status.Requests, RequestStatus{Method: r.Method, Path: r.Path, Status: r.Status, Time: r.Time})
	}
	return status
}

func (s *Server) allObjects() (instances []instance, applications []application) {
	s.store.view(func(st *state) { instances, applications = st.instances.all(), st.applications.all() })
	return instances, applications
}

func (i instance) url() string {
	if i.Address.Host == "" {
		return ""
	}
	u := url.URL{Scheme: "postgresql", User: url.User(i.Username), Host: i.Address.String(), Path: "/postgres"}
	return u.String()
}

func (s *Server) getStatus(*http.Request) (any, error) { return s.Status(), nil }

// reset deletes all objects and faults and forgets the requests. It answers when all is gone, after waiting for work
// that is under way.
func (s *Server) reset(r *http.Request) (any, error) {
	s.faults.clear()
	for s.deleteAll() {
		if !pause(r.Context(), 20*time.Millisecond) {
			return nil, r.Context().Err()
		}
	}
	s.requests.clear()
	return noContent{}, nil
}

// deleteAll begins to delete what it can, and tells whether anything is left. A busy object refuses, and the caller
// tries again.
func (s *Server) deleteAll() (left bool) {
	instances, applications := s.allObjects()
	for _, a := range applications {
		if a.Status != appDeleting {
			_ = s.beginDeleteApplication(a.Name, false)
		}
	}
	if len(applications) > 0 {
		return true
	}
	for _, i := range instances {
		switch {
		case i.Linked:
			_ = s.unlink(i.Name)
		case i.Status != statusDeleting:
			_ = s.beginDeleteInstance(i.Name)
		}
	}
	return len(instances) > 0
}
