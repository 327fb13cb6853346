// Copyright (c) The terraform-provider-dbos authors
// SPDX-License-Identifier: MPL-2.0

package reliability

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dbos-community/terraform-provider-dbos/internal/localcloud"
)

// together is how many cases are played one after another on one local cloud.
const together = 16

// trial is one call of one scenario that goes wrong in one way for one length of time.
type trial struct {
	scenario *scenario
	call     madeCall
	wrong    wrong
	length   string
}

// madeCall is a call that a scenario makes.
type madeCall struct {
	name  string // method and pattern
	after int    // how many other requests come before it
}

func (c trial) String() string {
	return fmt.Sprintf("%s %s / %s / %s, %s", c.scenario.kind, c.scenario.name, c.call.name, c.wrong.name, c.length)
}

// faults are what the local cloud does to the call, and to those after it in an outage.
func (c trial) faults(unit time.Duration) []localcloud.Fault {
	fault := c.wrong.fault
	fault.Method, fault.Path, _ = strings.Cut(c.call.name, " ")
	if !c.wrong.outage {
		lengths[c.length](&fault, unit)
		return []localcloud.Fault{fault}
	}
	fault.Times = 1
	outage := localcloud.Fault{Skip: c.call.after, Drop: true}
	lengths[c.length](&outage, unit)
	return []localcloud.Fault{fault, outage}
}

// TestMatrix plays every call of every operation against every fault, with the product's own timing. A bubble of
// testing/synctest holds the provider and the local cloud, so that a wait takes no time.
func TestMatrix(t *testing.T) {
	t.Parallel()
	list := scenarios()
	source, other := applicationFolder(t, "1"), applicationFolder(t, "2")
	calls := callsOfAll(t, list, source, other)
	all := map[string]bool{}
	var cases []trial
	for i := range list {
		for _, call := range calls[i] {
			if call.name == "GET user/profile" && all[call.name] || list[i].only != "" && call.name != list[i].only {
				continue // Every operation asks for it in the same way.
			}
			all[call.name] = true
			cases = append(cases, casesOf(&list[i], call, time.Second)...)
		}
	}
	checkCalls(t, all)

	var tally tally
	begun := time.Now()
	queue := make(chan []trial, len(cases))
	for some := range slices.Chunk(cases, together) {
		queue <- some
	}
	close(queue)
	var group sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) { // The start of a local cloud waits for the disk.
		group.Go(func() {
			for some := range queue {
				synctest.Test(t, func(b *testing.T) {
					w := newWorld(b, source, other)
					for _, c := range some {
						ok, err := w.play(c)
						tally.count(t, c, ok, err)
					}
				})
			}
		})
	}
	group.Wait()
	t.Logf("%d cases in %s", len(cases), time.Since(begun).Round(time.Second))
	record(t, fmt.Sprintf("one of %d calls of %d operations goes wrong in one of %d ways, once, three times, for 20 s or for ever", len(all), len(list), len(wrongs(time.Second))), len(cases),
		"%d succeed in one apply; %d end in an error that says how to go on, after which one more apply converges", tally.succeeded.Load(), tally.failed.Load())
}

// tally counts how cases come out.
type tally struct{ succeeded, failed, wrong atomic.Int64 }

func (n *tally) count(t *testing.T, c trial, ok bool, err error) {
	t.Helper()
	switch {
	case err != nil:
		if n.wrong.Add(1) <= 25 {
			t.Errorf("%s: %v", c, err)
		}
	case ok:
		n.succeeded.Add(1)
	default:
		n.failed.Add(1)
	}
}

// casesOf are all ways in which one call of a scenario goes wrong. The unit is a second of the faults' times.
func casesOf(s *scenario, call madeCall, unit time.Duration) []trial {
	var cases []trial
	for _, w := range wrongs(unit) {
		if w.outage && strings.HasPrefix(call.name, http.MethodGet) {
			continue // After a read, an outage is one lost answer more.
		}
		for _, length := range w.played() {
			c := trial{s, call, w, length}
			if c.cannotBeSeen() || w.outage && length == forEver && s.kind == "dbos_application_deployment" {
				continue // Such a deployment ends in an error that says so: the next plan deploys again.
			}
			cases = append(cases, c)
		}
	}
	return cases
}

// cannotBeSeen reports whether nothing tells that answers are wrong. No call asks for one secret: two lists in turn that
// lack it say that it is gone.
func (c trial) cannotBeSeen() bool {
	return c.scenario.kind == "dbos_application_secret" && c.call.name == "GET applications/*/secrets" && c.length != once &&
		(c.wrong.fault.Alter == localcloud.AlterOmit || c.wrong.fault.Alter == localcloud.AlterNull)
}

// checkCalls holds the calls of the scenarios against those that the client's code makes, so that none is forgotten.
func checkCalls(t *testing.T, calls map[string]bool) {
	t.Helper()
	made := callsInCode(t, "../cloud")
	made[exchange] = true
	for call := range made {
		if !calls[call] {
			t.Errorf("no scenario makes the call %s", call)
		}
	}
	for call := range calls {
		if !made[call] {
			t.Errorf("the call %s is not found in the code", call)
		}
	}
}

// callsOfAll are the calls of each scenario when nothing goes wrong.
func callsOfAll(t *testing.T, list []scenario, source, other string) [][]madeCall {
	t.Helper()
	calls := make([][]madeCall, len(list))
	synctest.Test(t, func(b *testing.T) {
		w := newWorld(b, source, other)
		for i := range list {
			var err error
			if calls[i], err = w.callsOf(&list[i]); err != nil {
				t.Errorf("%s %s without a fault: %v", list[i].kind, list[i].name, err)
			}
		}
	})
	return calls
}

// callsOf plays a scenario without a fault, and returns the calls that it makes.
func (w *world) callsOf(s *scenario) ([]madeCall, error) {
	n, prior, err := w.begin(s)
	if err != nil {
		return nil, err
	}
	before := len(w.cloud.Requests())
	d, err := w.drive(s)
	if err != nil {
		return nil, err
	}
	after, ok, err := s.run(d, n, prior)
	if err != nil || !ok {
		return nil, d.failed("the operation does not work", err)
	}
	var calls []madeCall
	for i, request := range w.cloud.Requests()[before:] {
		name := w.callOf(request)
		if !slices.ContainsFunc(calls, func(c madeCall) bool { return c.name == name }) {
			calls = append(calls, madeCall{name, i})
		}
	}
	if err := w.check(s, n, before); err != nil {
		return nil, err
	}
	return calls, w.converges(s, n, after, ok)
}

// play plays one case. It returns whether the operation succeeded although the call went wrong, and an error if
// something is not as it must be.
func (w *world) play(c trial) (ok bool, err error) {
	s := c.scenario
	n, prior, err := w.begin(s)
	if err != nil {
		return false, err
	}
	time.Sleep(c.wrong.fault.Unseen) // What is there before was seen by whoever made it.
	before := len(w.cloud.Requests())
	lift := w.inject(c.faults(time.Second))
	d, err := w.drive(s)
	if err != nil {
		lift()
		return false, err
	}
	after, ok, err := s.run(d, n, prior)
	lift()
	if err != nil {
		return false, err
	}
	said := d.said.String()
	if err := errors.Join(w.hidesSecrets(d.output()), saysEnough(s, n, ok, said)); err != nil {
		return false, err
	}
	if ok {
		if err := w.check(s, n, before); err != nil {
			return false, fmt.Errorf("after a success: %w (%s)", err, said)
		}
	}
	if err := w.converges(s, n, after, ok); err != nil {
		return false, fmt.Errorf("%w\nfirst, ok=%t: %s", err, ok, said)
	}
	return ok, w.check(s, n, before)
}
