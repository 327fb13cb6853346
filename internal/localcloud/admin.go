// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"net/http"
	"path"
	"strconv"
	"time"
)

// The calls below /localcloud/ are this cloud's own, for a user who rehearses an
// incident. They need the login as the API does; no fault hits them, and they
// are not among the requests.

func (s *Server) adminRoutes() map[string]handler {
	return map[string]handler{
		"GET /localcloud/faults":         s.listFaults,
		"POST /localcloud/faults":        s.addFault,
		"DELETE /localcloud/faults":      s.clearFaults,
		"DELETE /localcloud/faults/{id}": s.removeFault,
		"GET /localcloud/requests":       s.listRequests,
	}
}

// faultBody is a Fault as it is sent and listed.
type faultBody struct {
	ID      int               `json:"id,omitempty"` // answered, not sent
	Hits    int               `json:"hits,omitempty"`
	Method  string            `json:"method,omitempty"`
	Path    string            `json:"path,omitempty"`
	Skip    int               `json:"skip,omitempty"`
	Times   int               `json:"times,omitempty"`
	Latency string            `json:"latency,omitempty"`
	Lose    bool              `json:"lose,omitempty"`
	Drop    bool              `json:"drop,omitempty"`
	Hang    bool              `json:"hang,omitempty"`
	Status  int               `json:"status,omitempty"`
	Header  map[string]string `json:"header,omitempty"`
	Body    string            `json:"body,omitempty"`
	After   bool              `json:"after,omitempty"`
}

// fault checks what was sent: a fault that can never do anything would let a
// rehearsal pass for the wrong reason.
func (b faultBody) fault() (Fault, error) {
	f := Fault{
		Method: b.Method, Path: b.Path, Skip: b.Skip, Times: b.Times, Lose: b.Lose, Drop: b.Drop, Hang: b.Hang,
		Status: b.Status, Header: b.Header, Body: b.Body, After: b.After,
	}
	var err error
	if b.Latency != "" {
		if f.Latency, err = time.ParseDuration(b.Latency); err != nil || f.Latency < 0 {
			return f, badRequest("latency %q is not a duration such as 500ms", b.Latency)
		}
	}
	ends := 0
	for _, end := range []bool{b.Lose, b.Drop, b.Hang, b.Status != 0} {
		if end {
			ends++
		}
	}
	_, badPattern := path.Match(b.Path, "")
	switch {
	case ends > 1:
		return f, badRequest("lose, drop, hang and status exclude each other")
	case ends == 0 && f.Latency == 0:
		return f, badRequest("a fault has a latency, or one of lose, drop, hang and status")
	case b.Status != 0 && (b.Status < 200 || b.Status > 599):
		return f, badRequest("status %d is not one of 200 to 599", b.Status)
	case b.Status == 0 && (b.After || b.Body != "" || len(b.Header) > 0):
		return f, badRequest("after, header and body belong to a status")
	case b.Skip < 0 || b.Times < 0:
		return f, badRequest("skip and times are not negative")
	case badPattern != nil:
		return f, badRequest("path %q is not a pattern such as databases/userdb/*", b.Path)
	}
	return f, nil
}

func (s *Server) addFault(r *http.Request) (any, error) {
	var sent faultBody
	decoder := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&sent); err != nil {
		return nil, badRequest("the request body is not a fault: %s", err)
	}
	f, err := sent.fault()
	if err != nil {
		return nil, err
	}
	return faultBody{ID: s.faults.add(f)}, nil
}

func (s *Server) listFaults(*http.Request) (any, error) {
	listed := []faultBody{}
	for _, a := range s.faults.list() {
		b := faultBody{
			ID: a.id, Hits: max(0, a.seen-a.Skip), Method: a.Method, Path: a.Path, Skip: a.Skip, Times: a.Times,
			Lose: a.Lose, Drop: a.Drop, Hang: a.Hang, Status: a.Status, Header: a.Header, Body: a.Body, After: a.After,
		}
		if a.Latency > 0 {
			b.Latency = a.Latency.String()
		}
		listed = append(listed, b)
	}
	return listed, nil
}

func (s *Server) clearFaults(*http.Request) (any, error) {
	s.faults.clear()
	return noContent{}, nil
}

func (s *Server) removeFault(r *http.Request) (any, error) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil || !s.faults.remove(id) {
		return nil, notFound("fault", r.PathValue("id"))
	}
	return noContent{}, nil
}

type requestAnswer struct {
	Method string    `json:"method"`
	Path   string    `json:"path"`
	Status int       `json:"status"`
	Time   time.Time `json:"time"`
}

// listRequests leaves out headers and bodies, which hold tokens and passwords.
func (s *Server) listRequests(*http.Request) (any, error) {
	listed := []requestAnswer{}
	for _, r := range s.Requests() {
		listed = append(listed, requestAnswer{Method: r.Method, Path: r.Path, Status: r.Status, Time: r.Time})
	}
	return listed, nil
}
