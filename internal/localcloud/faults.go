// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Fault is something that goes wrong with the requests that match it. The first
// fault in the order of injection that matches a request and is not used up hits
// it; the others do not see it.
type Fault struct {
	Method, Path string // "" = any; Path is a pattern as in Count
	Skip, Times  int    // let Skip matching requests by, then hit Times (0 = all)
	Latency      time.Duration
	Lose         bool // carry the request out, then break the connection without an answer
	Drop         bool // break the connection without carrying it out
	Hang         bool // never answer until the client goes away
	Status       int  // answer this in the place of handling the request
	Header       map[string]string
	Body         string // verbatim
	After        bool   // with Status: carry the request out first
}

// faults are those that are injected.
type faults struct {
	mu     sync.Mutex
	last   int
	active []*activeFault
}

type activeFault struct {
	Fault
	id   int
	seen int
}

func (f *faults) add(fault Fault) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.active = append(f.active, &activeFault{Fault: fault, id: f.last})
	return f.last
}

func (f *faults) remove(id int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.active)
	f.active = slices.DeleteFunc(f.active, func(a *activeFault) bool { return a.id == id })
	return len(f.active) < before
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = nil
}

func (f *faults) list() []activeFault {
	f.mu.Lock()
	defer f.mu.Unlock()
	listed := make([]activeFault, len(f.active))
	for i, a := range f.active {
		listed[i] = *a
	}
	return listed
}

// hit finds the fault that hits a request, and uses it up by one.
func (f *faults) hit(method, requestPath string) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.active {
		if !matches(a.Method, a.Path, method, requestPath) || a.spent() {
			continue
		}
		a.seen++
		if a.seen > a.Skip {
			return a.Fault, true
		}
	}
	return Fault{}, false
}

func (a *activeFault) spent() bool { return a.Times > 0 && a.seen >= a.Skip+a.Times }

// Inject lets requests fail from now on, until remove is called.
func (s *Server) Inject(f Fault) (remove func()) {
	id := s.faults.add(f)
	return func() { s.faults.remove(id) }
}

// suffer plays a fault on a request; carry carries the request out.
func (s *Server) suffer(f Fault, w http.ResponseWriter, r *http.Request, carry http.HandlerFunc) {
	if f.Latency > 0 && !pause(r.Context(), f.Latency) {
		panic(http.ErrAbortHandler)
	}
	switch {
	case f.Drop:
		drain(r)
		panic(http.ErrAbortHandler)
	case f.Hang:
		// Only a body that was read to its end lets the server notice that the
		// client has gone.
		drain(r)
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case f.Lose:
		carry(newMuted(), r)
		panic(http.ErrAbortHandler)
	case f.Status != 0:
		if f.After {
			carry(newMuted(), r)
		} else {
			drain(r)
		}
		writeFault(w, f)
	default:
		carry(w, r)
	}
}

func writeFault(w http.ResponseWriter, f Fault) {
	w.Header().Set("Content-Length", strconv.Itoa(len(f.Body)))
	for name, value := range f.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body))
}

// muted takes an answer that nobody is to see.
type muted struct{ header http.Header }

func newMuted() *muted                          { return &muted{header: http.Header{}} }
func (m *muted) Header() http.Header            { return m.header }
func (m *muted) Write(body []byte) (int, error) { return len(body), nil }
func (m *muted) WriteHeader(int)                {}
