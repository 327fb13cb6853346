// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package localcloud

import (
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// ActiveFault is a fault that was injected.
type ActiveFault struct {
	ID    int   `json:"id"`
	Hits  int   `json:"hits"` // requests that it has hit
	Fault Fault `json:"fault"`
}

// faultList holds the faults that were injected, in that order.
type faultList struct {
	mu     sync.Mutex
	last   int
	active []*countedFault
}

type countedFault struct {
	ActiveFault
	matched  int       // requests, hit or not
	firstHit time.Time // zero before it
	limiter  *rate.Limiter
}

func (l *faultList) add(f Fault) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	l.active = append(l.active, &countedFault{
		ActiveFault: ActiveFault{ID: l.last, Fault: f},
		limiter:     rate.NewLimiter(rate.Limit(f.Rate), max(1, int(f.Rate))),
	})
	return l.last
}

func (l *faultList) remove(id int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := len(l.active)
	l.active = slices.DeleteFunc(l.active, func(f *countedFault) bool { return f.ID == id })
	return len(l.active) < before
}

func (l *faultList) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.active = nil
}

func (l *faultList) all() []ActiveFault {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]ActiveFault, len(l.active))
	for i, f := range l.active {
		all[i] = f.ActiveFault
	}
	return all
}

// hit finds the fault that hits a request, and counts the hit.
func (l *faultList) hit(method, requestPath string, now time.Time) (Fault, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.active {
		if matches(f.Fault.Method, f.Fault.Path, method, requestPath) && f.hit(now) {
			return f.Fault, true
		}
	}
	return Fault{}, false
}

// hit tells whether the fault hits a request that matches, and counts it.
func (f *countedFault) hit(now time.Time) bool {
	rules := f.Fault
	if rules.Times > 0 && f.Hits >= rules.Times || rules.For > 0 && f.Hits > 0 && now.Sub(f.firstHit) >= rules.For {
		return false
	}
	if f.matched++; f.matched <= rules.Skip {
		return false
	}
	if rules.Chance > 0 && rand.Float64() >= rules.Chance || rules.Rate > 0 && f.limiter.AllowN(now, 1) {
		return false
	}
	if f.Hits++; f.Hits == 1 {
		f.firstHit = now
	}
	return true
}
