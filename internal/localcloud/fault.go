// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"time"
)

// Fault says which requests go wrong, and how. Of several faults the first in the order of injection that hits a
// request decides; later ones do not see it.
//
// A request is carried out and answered as usual unless a field says otherwise. Drop, Lose, Hang, Status and Alter
// exclude each other. Latency, Trickle and Unseen may accompany them.
type Fault struct {
	// Which requests. The zero value hits every request for ever.
	Method string        `json:"method,omitempty"` // "" = any
	Path   string        `json:"path,omitempty"`   // a pattern as in Count; "" = any
	Skip   int           `json:"skip,omitempty"`   // let so many matching requests by first
	Times  int           `json:"times,omitempty"`  // hit so many requests, then no more; 0 = without end
	For    time.Duration `json:"-"`                // hit nothing after so long since the first hit; 0 = without end
	Chance float64       `json:"chance,omitempty"` // hit a request with this probability, from 0 to 1; 0 = always
	Rate   float64       `json:"rate,omitempty"`   // let so many requests a second by, and hit the others; 0 = hit all

	// When.
	Latency time.Duration `json:"-"` // wait so long before anything else
	Jitter  time.Duration `json:"-"` // and up to so much longer, by chance
	Trickle time.Duration `json:"-"` // send the answer's body byte by byte, so long apart

	// How.
	Drop bool `json:"drop,omitempty"` // break the connection without carrying the request out
	Lose bool `json:"lose,omitempty"` // carry the request out, then break the connection without an answer
	Hang bool `json:"hang,omitempty"` // never answer; end when the client goes away
	// Status is answered instead of carrying the request out, with Header, Body and RetryAfter.
	Status     int               `json:"status,omitempty"`
	Header     map[string]string `json:"header,omitempty"`
	Body       string            `json:"body,omitempty"`       // verbatim
	RetryAfter time.Duration     `json:"-"`                    // the header Retry-After, in whole seconds; 0 = none
	RetryDate  bool              `json:"retry_date,omitempty"` // write Retry-After as a date
	// After carries the request out all the same: before a Status is answered, or after the client of a Hang has gone
	// away.
	After bool `json:"after,omitempty"`

	Alter  Alteration    `json:"alter,omitempty"` // carry the request out, and change its answer
	Unseen time.Duration `json:"-"`               // reads do not show objects that were made less than so long ago
}

// check refuses a fault that contradicts itself or does nothing, with which a test would pass for the wrong reason.
func (f Fault) check() error {
	ends := 0
	for _, end := range []bool{f.Drop, f.Lose, f.Hang, f.Status != 0, f.Alter != ""} {
		if end {
			ends++
		}
	}
	_, badPattern := path.Match(f.Path, "")
	switch {
	case ends > 1:
		return errors.New("use only one of drop, lose, hang, status and alter")
	case ends == 0 && f.Latency == 0 && f.Jitter == 0 && f.Trickle == 0 && f.Unseen == 0:
		return errors.New("a fault needs one of drop, lose, hang, status, alter, latency, jitter, trickle and unseen")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return fmt.Errorf("status %d is not one of 200 to 599", f.Status)
	case f.Status == 0 && (f.Body != "" || len(f.Header) > 0 || f.RetryAfter != 0):
		return errors.New("header, body and retry_after need a status")
	case f.RetryDate && f.RetryAfter == 0:
		return errors.New("retry_date needs retry_after")
	case f.After && f.Status == 0 && !f.Hang:
		return errors.New("after needs a status or a hang")
	case f.Trickle != 0 && (f.Drop || f.Lose || f.Hang):
		return errors.New("trickle needs an answer: it cannot be used with drop, lose or hang")
	case f.Alter != "" && !slices.Contains(Alterations, f.Alter):
		return fmt.Errorf("alter %q is not one of %v", f.Alter, Alterations)
	case f.Skip < 0 || f.Times < 0:
		return errors.New("skip and times must not be negative")
	case f.For < 0 || f.Latency < 0 || f.Jitter < 0 || f.Trickle < 0 || f.RetryAfter < 0 || f.Unseen < 0:
		return errors.New("a duration must not be negative")
	case f.Chance < 0 || f.Chance > 1:
		return fmt.Errorf("chance %g is not between 0 and 1", f.Chance)
	case f.Rate < 0:
		return errors.New("rate must not be negative")
	case badPattern != nil:
		return fmt.Errorf("path %q is not a pattern such as databases/userdb/*", f.Path)
	}
	return nil
}

// Inject makes requests go wrong from now on, until remove is called. It panics on a fault that contradicts itself or
// does nothing.
func (s *Server) Inject(f Fault) (remove func()) {
	if err := f.check(); err != nil {
		panic("localcloud: " + err.Error())
	}
	id := s.faults.add(f)
	return func() { s.faults.remove(id) }
}

// Faults are those that were injected and not removed, in that order.
func (s *Server) Faults() []ActiveFault { return s.faults.all() }
