// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// A handler returns the answer or an error. Only adapt writes to the client.
type handler func(*http.Request) (any, error)

func (s *Server) routes() map[string]handler {
	const org = " /v1alpha1/{org}"
	return map[string]handler{
		"GET /v1alpha1/user/profile": s.profile,
		"PUT /v1alpha1/user":         s.registerUser,
		"GET" + org + "/users":       s.users,

		"GET" + org + "/databases":                            s.listInstances,
		"POST" + org + "/databases/userdb":                    s.createInstance,
		"GET" + org + "/databases/userdb/info/{name}":         s.getInstance,
		"POST" + org + "/databases/userdb/{name}/credentials": s.setCredentials,
		"DELETE" + org + "/databases/userdb/{name}":           s.deleteInstance,
		"POST" + org + "/databases/userdb/{name}/restore":     s.restoreInstance,
		"POST" + org + "/databases/byod":                      s.linkDatabase,
		"DELETE" + org + "/databases/byod/{name}":             s.unlinkDatabase,

		"PUT" + org + "/applications":                         s.registerApplication,
		"GET" + org + "/applications":                         s.listApplications,
		"GET" + org + "/applications/{app}":                   s.getApplication,
		"PATCH" + org + "/applications/{app}":                 s.updateApplication,
		"DELETE" + org + "/applications/{app}":                s.deleteApplication,
		"POST" + org + "/applications/{app}":                  s.deploy,
		"POST" + org + "/applications/{app}/rollback":         s.deploy,
		"POST" + org + "/applications/{app}/changedbinstance": s.changeInstance,
		"GET" + org + "/applications/{app}/versions":          s.listVersions,
		"POST" + org + "/applications/secrets":                s.setSecret,
		"GET" + org + "/applications/{app}/secrets":           s.listSecrets,
		"DELETE" + org + "/applications/{app}/secrets/{name}": s.deleteSecret,
	}
}

// handler serves the API, the exchange of tokens, which needs no login, and the calls below /localcloud/.
func (s *Server) handler() http.Handler {
	api := http.NewServeMux()
	for pattern, handle := range s.routes() {
		api.Handle(pattern, s.adapt(s.requireLogin(handle)))
	}
	api.Handle("POST /oauth/token", s.adapt(s.exchangeToken))
	api.Handle("/", s.adapt(unknownCall))
	admin := http.NewServeMux()
	for pattern, handle := range s.adminRoutes() {
		admin.Handle(pattern, s.adapt(s.requireLogin(handle)))
	}
	admin.Handle("/", s.adapt(unknownCall))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.work.begin() {
			panic(http.ErrAbortHandler)
		}
		defer s.work.end()
		if err := checkHost(r); err != nil {
			w.Header().Set("Connection", "close")
			writeError(w, requestID(), err)
			return
		}
		s.limitBodyTime(w, r)
		if strings.HasPrefix(r.URL.Path, "/localcloud/") {
			admin.ServeHTTP(w, r)
			return
		}
		s.serveAPI(w, r, api.ServeHTTP)
	})
}

func unknownCall(r *http.Request) (any, error) {
	return nil, refuse(http.StatusNotFound, "no such call: %s %s", r.Method, r.URL.Path)
}

// serveAPI records a request and its outcome, and applies the fault that hits it.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	entry := s.requests.begin(r)
	answer, outcome := &statusRecorder{ResponseWriter: w}, &statusRecorder{}
	defer func() {
		s.requests.end(entry, r, answer.status, outcome.status)
		// Successful reads are not logged, since a waiting client reads often.
		if r.Method != http.MethodGet || answer.status/100 != 2 {
			s.log.Printf("%s %s %d %s", r.Method, entry.Path, answer.status, time.Since(entry.Time).Round(time.Millisecond))
		}
	}()
	if fault, ok := s.faults.hit(r.Method, r.URL.EscapedPath(), time.Now()); ok {
		s.applyFault(fault, answer, r, outcome.wrap(next))
		return
	}
	outcome.wrap(next)(answer, r)
}

// statusRecorder is a ResponseWriter that keeps the status.
type statusRecorder struct {
	http.ResponseWriter
	status int
}

// Unwrap lets http.ResponseController find the connection.
func (s *statusRecorder) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *statusRecorder) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// wrap makes the recorder keep the status that next answers with.
func (s *statusRecorder) wrap(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.ResponseWriter = w
		next(s, r)
	}
}

// adapt writes what a handler returns. It saves the state first, so that no answer tells of a change that could be
// lost.
func (s *Server) adapt(handle handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := requestID()
		w.Header().Set("X-Request-Id", id)
		answer, err := s.callHandler(handle, r)
		if isUnauthorized(err) {
			w.Header().Set("Connection", "close") // The rest of the body is not read.
		} else {
			drain(r)
		}
		if saved := s.store.sync(); saved != nil {
			err = saved
		}
		if err != nil {
			writeError(w, id, err)
			return
		}
		writeAnswer(w, answer)
	})
}

func (s *Server) callHandler(handle handler, r *http.Request) (answer any, err error) {
	defer s.recovered(r.Method+" "+r.URL.Path, &err)
	return handle(r)
}

// recovered is deferred and turns a panic into an error: no request may end the server.
func (s *Server) recovered(what string, err *error) {
	if reason := recover(); reason != nil {
		s.log.Printf("%s: %v\n%s", what, reason, debug.Stack())
		*err = fmt.Errorf("panic: %v", reason)
	}
}

// requireLogin refuses calls without a login, and calls for an organization that the user is not a member of.
func (s *Server) requireLogin(handle handler) handler {
	return func(r *http.Request) (any, error) {
		if err := s.authorize(r); err != nil {
			return nil, err
		}
		if org := r.PathValue("org"); org != "" && org != s.options.Organization {
			return nil, refuse(http.StatusForbidden, "user %s is not a member of organization %s", s.options.Organization, strings.ToValidUTF8(org, "?"))
		}
		return handle(r)
	}
}
