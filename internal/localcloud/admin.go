// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// The calls below /localcloud/ are not DBOS Cloud's: they let a user rehearse an incident. They need the login as the
// API does, but no fault hits them and the request log leaves them out.

func (s *Server) adminRoutes() map[string]handler {
	return map[string]handler{
		"GET /localcloud/faults":         s.listFaults,
		"POST /localcloud/faults":        s.addFault,
		"DELETE /localcloud/faults":      s.clearFaults,
		"DELETE /localcloud/faults/{id}": s.removeFault,
		"GET /localcloud/requests":       s.listRequests,
		"GET /localcloud/status":         s.getStatus,
		"POST /localcloud/reset":         s.reset,
	}
}

func (s *Server) addFault(r *http.Request) (any, error) {
	var f Fault
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, largestBody)).Decode(&f); err != nil {
		return nil, badRequest("the request body is not a fault: %s", err)
	}
	if err := f.check(); err != nil {
		return nil, badRequest("%s", err)
	}
	return ActiveFault{ID: s.faults.add(f), Fault: f}, nil
}

func (s *Server) listFaults(*http.Request) (any, error) { return s.Faults(), nil }

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

// listRequests leaves out headers and bodies, which hold tokens and passwords.
func (s *Server) listRequests(*http.Request) (any, error) {
	listed := []RequestStatus{}
	for _, r := range s.Requests() {
		listed = append(listed, RequestStatus{Method: r.Method, Path: r.Path, Status: r.Status, Time: r.Time})
	}
	return listed, nil
}
