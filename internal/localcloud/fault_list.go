// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// faults are those that are injected.
type faults struct {
	mu     sync.Mutex
	last   int
	active []*activeFault
}

type activeFault struct {
	Fault
	id    int
	seen  int       // requests that matched
	hits  int       // of them, those that were hit
	first time.Time // when the first was hit

	allowance float64 // requests that Rate still lets by
	refilled  time.Time
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

// hit finds the fault that hits a request, and counts the hit.
func (f *faults) hit(method, requestPath string, now time.Time) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.active {
		if matches(a.Method, a.Path, method, requestPath) && a.strikes(now) {
			return a.Fault, true
		}
	}
	return Fault{}, false
}

// strikes tells whether a request that matches is hit.
func (a *activeFault) strikes(now time.Time) bool {
	if a.Times > 0 && a.hits >= a.Times || a.For > 0 && a.hits > 0 && now.Sub(a.first) >= a.For {
		return false
	}
	if a.seen++; a.seen <= a.Skip {
		return false
	}
	if a.Chance > 0 && rand.Float64() >= a.Chance || a.Rate > 0 && a.allows(now) {
		return false
	}
	if a.hits++; a.hits == 1 {
		a.first = now
	}
	return true
}

// allows lets Rate requests a second by, a second's worth of them at once.
func (a *activeFault) allows(now time.Time) bool {
	most := max(1, a.Rate)
	if a.refilled.IsZero() {
		a.allowance = most
	} else {
		a.allowance = min(most, a.allowance+now.Sub(a.refilled).Seconds()*a.Rate)
	}
	a.refilled = now
	if a.allowance < 1 {
		return false
	}
	a.allowance--
	return true
}
